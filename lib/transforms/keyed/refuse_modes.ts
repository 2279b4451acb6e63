import { type OutputMode, SluiceError } from "../../core/mod.ts";

/**
 * The `checkMode` of an operator that serves these modes only.
 *
 * @param hint What to do for the others.
 */
export function refuseModesBut(
  operator: string,
  modes: readonly OutputMode[],
  hint: string,
): (mode: OutputMode) => void {
  return (mode) => {
    if (modes.includes(mode)) return;
    throw new SluiceError("BAD_PIPELINE", {
      attempted: `run ${operator}`,
      found: `outputMode "${mode}"`,
      wanted: modes.map((allowed) => `"${allowed}"`).join(" or "),
      hint,
    });
  };
}
