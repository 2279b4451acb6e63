/**
 * `deno task soak --minutes N [--seed S]`: a producer and a pipeline with windows, the newest row of
 * each key and all raw rows, into Postgres, Delta and Kafka, on services of their own. Processes and
 * services are killed, frozen, doubled and started again for so long; then every sink is compared with
 * what was sent. One line a minute, a summary, and exit code 1 with what differs.
 *
 * @module
 */
import {
  parseFlags,
  print,
  printError,
  runCommand,
  stopOnSignals,
  wholeNumber,
} from "../../lib/cli/mod.ts";
import { soak } from "./soak.ts";
import { removeSoakLeftovers, soakFolder } from "./soak_folder.ts";

const FLAGS = {
  minutes: { type: "string", value: "n", help: "how long, at the least; default 1" },
  seed: { type: "string", value: "n", help: "which mishaps come when; default: another each time" },
} as const;
const INTERRUPTED = 130;
const MAX_SEED = 2 ** 31;

async function main(args: readonly string[]): Promise<number> {
  const flags = parseFlags("soak", args, FLAGS);
  const minutes = wholeNumber("minutes", flags.minutes, 0) ?? 1;
  const seed = wholeNumber("seed", flags.seed, 0) ?? Math.floor(Math.random() * MAX_SEED);
  const interrupted = new AbortController();
  using _signals = stopOnSignals((signal) => {
    printError(`${signal}: ending what was started`);
    interrupted.abort(new Error(signal));
  });
  await removeSoakLeftovers();
  print(`seed ${seed}`);
  try {
    const { differences, story, records, late } = await soak({
      folder: soakFolder(),
      minutes,
      seed,
      onLine: print,
      signal: interrupted.signal,
    });
    if (differences.length === 0) {
      print(
        `all is well: ${records} records, ${late} of them late, each in every sink exactly once; ` +
          "windows and newest rows are as they should be",
      );
      return 0;
    }
    for (const line of story) print(`  ${line}`);
    for (const difference of differences) printError(difference);
    return 1;
  } catch (error) {
    if (interrupted.signal.aborted) return INTERRUPTED;
    throw error;
  }
}

Deno.exit(await runCommand(() => main(Deno.args)));
