/**
 * What it costs to remember: a windowed aggregation, a deduplication and a join of two streams, each
 * over the same recorded events, beside the same rows read and decoded with no operator behind them.
 *
 *     deno task bench:state
 *     deno task bench:state --events 200000
 */
import { count, type Flags, parseFlags, print, wholeNumber } from "../../lib/cli/mod.ts";
import { checkout } from "../support/paths.ts";
import { Random } from "../support/random.ts";
import type { Measured } from "./stateful_query.ts";

const FLAGS = {
  events: { type: "string", value: "n", help: "how many events; default 1,000,000" },
  runs: { type: "string", value: "n", help: "how often each; default 2, the best counts" },
} as const satisfies Flags;

const RESULTS = "data/bench/state.ndjson";
const SYMBOLS = 100;
const START_MS = Date.UTC(2026, 0, 1);
/** Events come a millisecond apart on the mean, and up to this much out of order. */
const DISORDER_MS = 5_000;
const EVENTS_PER_WRITE = 10_000;

async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags("bench:state", args, FLAGS);
  const events = wholeNumber("events", flags.events, 1) ?? 1_000_000;
  const runs = wholeNumber("runs", flags.runs, 1) ?? 2;
  await Deno.mkdir(`${checkout}/.sluice`, { recursive: true });
  const folder = await Deno.makeTempDir({ prefix: "sluice-bench-", dir: `${checkout}/.sluice` });
  try {
    await writeEvents(folder, events);
    print(`\n${count(events)} events in batches of 100,000, one process each\n`);
    print("  query                     rows/s   seconds  to floor  peak RSS  state rows  state");
    const results: Record<string, Measured> = {};
    for (const query of ["floor", "floor-answers", "windows", "dedup", "join"]) {
      const best = await bestOf(runs, query, folder);
      results[query] = best;
      print(line(query, best, floorOf(query, results)));
    }
    check(results, events);
    const record = { timestamp: new Date().toISOString(), events, results };
    await Deno.mkdir(`${checkout}/data/bench`, { recursive: true });
    await Deno.writeTextFile(`${checkout}/${RESULTS}`, `${JSON.stringify(record)}\n`, {
      append: true,
    });
    print(`\n  added to ${RESULTS}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What its rows cost before any operator, in seconds; a join reads both streams. */
function floorOf(query: string, results: Readonly<Record<string, Measured>>): number {
  const { seconds } = results.floor!;
  return query === "join" ? seconds + results["floor-answers"]!.seconds : seconds;
}

function line(query: string, best: Measured, floorSeconds: number): string {
  const cells = [
    count(Math.round(best.numInputRows / best.seconds)).padStart(12),
    best.seconds.toFixed(2).padStart(10),
    `${(best.seconds / floorSeconds).toFixed(2)}x`.padStart(10),
    `${best.peakRssMb.toFixed(0)} MB`.padStart(10),
    count(best.stateRows).padStart(12),
    `${best.stateMb.toFixed(0)} MB`.padStart(7),
  ];
  return `  ${query.padEnd(20)}${cells.join("")}`;
}

/** Every event has an id of its own, but for one in ten, which comes twice. */
async function writeEvents(folder: string, events: number): Promise<void> {
  const random = new Random(1);
  using eventFile = await Deno.create(`${folder}/events.ndjson`);
  using answerFile = await Deno.create(`${folder}/answers.ndjson`);
  const encoder = new TextEncoder();
  let [eventLines, answerLines] = ["", ""];
  for (let i = 0; i < events; i++) {
    const id = i % 10 === 9 ? i - 5 : i;
    const at = START_MS + i - random.integer(0, DISORDER_MS);
    const amount = `${1 + random.integer(0, 999)}.${
      String(random.integer(0, 99_999_999)).padStart(8, "0")
    }`;
    const symbol = `S${random.integer(1, SYMBOLS)}`;
    eventLines += `{"id":${id},"symbol":"${symbol}","amount":"${amount}","at":${at}}\n`;
    answerLines += `{"id":${i},"answered":${START_MS + i + random.integer(0, DISORDER_MS)}}\n`;
    if ((i + 1) % EVENTS_PER_WRITE === 0 || i + 1 === events) {
      await eventFile.write(encoder.encode(eventLines));
      await answerFile.write(encoder.encode(answerLines));
      [eventLines, answerLines] = ["", ""];
    }
  }
}

async function bestOf(runs: number, query: string, folder: string): Promise<Measured> {
  let best: Measured | undefined;
  for (let run = 0; run < runs; run++) {
    const measured = await measure(query, folder);
    await Deno.remove(`${folder}/checkpoint-${query}`, { recursive: true });
    if (best === undefined || measured.seconds < best.seconds) best = measured;
  }
  return best!;
}

async function measure(query: string, folder: string): Promise<Measured> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "tests/bench/stateful_query.ts", query, folder],
    cwd: checkout,
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`query ${query} ended with code ${code}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** A bench of a wrong answer is worth nothing. */
function check(results: Readonly<Record<string, Measured>>, events: number): void {
  const twice = Math.floor(events / 10);
  const wanted: Readonly<Record<string, number>> = { floor: events, dedup: events - twice };
  for (const [query, rows] of Object.entries(wanted)) {
    const found = results[query]!.numOutputRows;
    if (found !== rows) throw new Error(`${query}: wanted ${rows} rows, found ${found}`);
  }
}

if (import.meta.main) await main(Deno.args);
