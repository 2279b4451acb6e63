// A command line prints.
// deno-lint-ignore-file no-console
/**
 * `deno task simulate --seed N [--count M] [--trace]`: lives a simulated world of the streaming engine
 * through, or as many worlds as `--count` says, and tells the story of those that fail; of a single
 * world always. The same seed is the same world, to the last line of its trace.
 *
 * @module
 */
import { parseFlags } from "../../lib/cli/flags.ts";
import { SluiceError } from "../../lib/core/mod.ts";
import { simulate } from "./simulate.ts";

const FLAGS = {
  seed: { type: "string", value: "n", help: "the first seed" },
  count: { type: "string", value: "n", help: "how many seeds; default 1" },
  trace: { type: "boolean", help: "print every call and every answer, not only the story" },
} as const;

async function run(args: readonly string[]): Promise<number> {
  const flags = parseFlags("simulate", args, FLAGS);
  const first = wholeNumber("--seed", flags.seed ?? "1");
  const count = wholeNumber("--count", flags.count ?? "1");
  const keepsLines = flags.trace ?? false;
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    const { failures, story, lines, traceHash } = await simulate({ seed, keepsLines });
    if (failures.length > 0) failed++;
    if (failures.length === 0 && count > 1) continue;
    console.log((keepsLines ? lines : story).join("\n"));
    console.log(`seed ${seed}: ${failures.length === 0 ? "all is well" : "FAILED"}, ${traceHash}`);
  }
  if (count > 1) console.log(`${count} worlds, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function wholeNumber(flag: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new SluiceError("BAD_FLAG", {
    attempted: "read the flags of simulate",
    where: flag,
    found: text,
    wanted: "a whole number",
  });
}

try {
  Deno.exit(await run(Deno.args));
} catch (error) {
  if (!(error instanceof SluiceError)) throw error;
  console.error(error.message);
  Deno.exit(1);
}
