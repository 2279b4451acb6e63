import { fileURLToPath } from "node:url";
import { SluiceError } from "../../core/mod.ts";

/**
 * The folder that a path or a `file:` URL names, without a slash at the end.
 *
 * @throws {SluiceError} `BAD_PATH` if it is empty or of another scheme.
 */
export function tablePathOf(path: string): string {
  const local = path.startsWith("file:") ? fileURLToPath(path) : path;
  if (local === "" || /^[a-z][a-z0-9+.-]+:\/\//i.test(local)) {
    throw new SluiceError("BAD_PATH", {
      attempted: "open a Delta table",
      found: JSON.stringify(path),
      wanted: "a folder of this machine",
    });
  }
  return local.length > 1 ? local.replace(/\/+$/, "") : local;
}
