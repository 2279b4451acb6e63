/**
 * `deno task simulate --seed N [--count M] [--trace]`: lives a simulated world of the streaming engine
 * through, or as many worlds as `--count` says, and tells the story of those that fail; of a single
 * world always. The same seed is the same world, to the last line of its trace.
 *
 * @module
 */
import {
  type Flags,
  flagsHelp,
  parseFlags,
  print,
  runCommand,
  wholeNumber,
} from "../../lib/cli/mod.ts";
import { simulate } from "./simulate.ts";

const FLAGS = {
  seed: { type: "string", value: "n", help: "the first seed; default 1" },
  count: { type: "string", value: "n", help: "how many seeds; default 1" },
  trace: { type: "boolean", help: "print every call and every answer, not only the story" },
  help: { type: "boolean", help: "print this" },
} as const satisfies Flags;

async function run(args: readonly string[]): Promise<number> {
  const flags = parseFlags("simulate", args, FLAGS);
  if (flags.help) {
    print(`deno task simulate\n\n${flagsHelp(FLAGS)}`);
    return 0;
  }
  const first = wholeNumber("seed", flags.seed, 0) ?? 1;
  const count = wholeNumber("count", flags.count, 1) ?? 1;
  const keepsLines = flags.trace ?? false;
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    const { failures, story, lines, traceHash } = await simulate({ seed, keepsLines });
    if (failures.length > 0) failed++;
    if (failures.length === 0 && count > 1) continue;
    print((keepsLines ? lines : story).join("\n"));
    print(`seed ${seed}: ${failures.length === 0 ? "all is well" : "FAILED"}, trace ${traceHash}`);
  }
  if (count > 1) print(`${count} worlds, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

Deno.exit(await runCommand(() => run(Deno.args)));
