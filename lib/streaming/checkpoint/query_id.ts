import { SluiceError } from "../../core/mod.ts";
import type { Environment } from "../environment.ts";

/** The id of a query, from the file that says it; a new query gets one. */
export async function queryIdAt(path: string, { files, newId }: Environment): Promise<string> {
  // Put-if-absent first, then read: of two starters both end up with the id of the first.
  if (await files.read(path) === undefined) {
    await files.putIfAbsent(path, new TextEncoder().encode(JSON.stringify({ id: newId() })));
  }
  const text = new TextDecoder().decode(await files.read(path));
  try {
    const { id } = JSON.parse(text);
    if (typeof id === "string" && id !== "") return id;
  } catch {
    // Not JSON: told below.
  }
  throw new SluiceError("BAD_CHECKPOINT", {
    attempted: "open the checkpoint",
    where: path,
    found: JSON.stringify(text.slice(0, 80)),
    wanted: '{"id":"…"}',
    hint: "is checkpointLocation the folder of a checkpoint?",
  });
}
