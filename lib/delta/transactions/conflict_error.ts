import { SluiceError } from "../../core/mod.ts";
import type { Conflict } from "./conflict_rules.ts";

/** `CONCURRENT_WRITES`, retryable: another commit came first that nothing can go behind. */
export function conflictError(attempted: string, where: string, conflict: Conflict): SluiceError {
  return new SluiceError("CONCURRENT_WRITES", {
    attempted,
    where,
    found: `${conflict.kind}: version ${conflict.version} came first with ${conflict.found}`,
    wanted: "no such commit between reading the table and writing to it",
    hint: "run it again when fewer others write, or on fewer partitions at a time",
    retryable: true,
  });
}
