/**
 * One drain of generated rows through one kind of query, in a process of its own; prints what it took
 * as one line of JSON. `state_bench.ts` starts it.
 *
 * @module
 */
import { print } from "../../lib/cli/mod.ts";
import {
  count,
  json,
  ndjson,
  type Pipeline,
  pipeline,
  type Sink,
  type StreamingQuery,
  sum,
  window,
} from "../../lib/mod.ts";
import { schema as s } from "../../lib/core/mod.ts";

/** What one drain took. */
export interface Measured {
  readonly seconds: number;
  readonly numInputRows: number;
  readonly numOutputRows: number;
  readonly stateRows: number;
  readonly stateMb: number;
  readonly peakRssMb: number;
}

/** The rows of every bench: a click or a trade, whichever one likes. */
const Event = s.struct({
  id: s.long(),
  symbol: s.string(),
  amount: s.decimal(18, 8),
  at: s.timestamp("ms"),
});
const Answer = s.struct({ id: s.long(), answered: s.timestamp("ms") });

const DELAY = "10 seconds";
const MAX_OFFSETS = 100_000;

/** Takes the rows and forgets them: what is left is the query. */
function nowhere(onRows: (rows: number) => void): Sink {
  return {
    name: "nowhere",
    takesDeadLetters: false,
    outputModes: ["append", "update", "complete"],
    open: () =>
      Promise.resolve({
        lastBatchId: () => Promise.resolve(undefined),
        stage: ({ batch }) =>
          Promise.resolve({
            commit: () => {
              onRows(batch.numRows);
              return Promise.resolve({ status: "committed", numOutputRows: batch.numRows });
            },
            abort: () => Promise.resolve(),
          }),
        close: () => Promise.resolve(),
      }),
  };
}

function events(folder: string, name: string) {
  return pipeline(name)
    .from(ndjson({ path: `${folder}/events.ndjson`, maxOffsetsPerTrigger: MAX_OFFSETS }))
    .decode(json(Event))
    .withWatermark("at", DELAY);
}

function answers(folder: string) {
  return pipeline("answers")
    .from(ndjson({ path: `${folder}/answers.ndjson`, maxOffsetsPerTrigger: MAX_OFFSETS }))
    .decode(json(Answer))
    .withWatermark("answered", DELAY);
}

/** The queries, by name; the floors are the same rows with no operator that remembers them. */
// deno-lint-ignore no-explicit-any -- each has rows of its own
export const QUERIES: Readonly<Record<string, (folder: string) => Pipeline<any>>> = {
  "floor": (folder) => events(folder, "floor"),
  "floor-answers": (folder) => answers(folder),
  "windows": (folder) =>
    events(folder, "windows")
      .groupBy("symbol", window("at", "1 minute"))
      .agg({ events: count(), total: sum("amount") }),
  "dedup": (folder) => events(folder, "dedup").dropDuplicates("id"),
  "join": (folder) =>
    events(folder, "join").join(answers(folder), {
      on: ["id"],
      within: { left: "at", right: "answered", from: "0 seconds", to: "1 minute" },
    }),
};

async function measure(name: string, folder: string): Promise<Measured> {
  let numInputRows = 0;
  let numOutputRows = 0;
  let stateRows = 0;
  let stateBytes = 0;
  const started = performance.now();
  const query: StreamingQuery = await QUERIES[name]!(folder)
    .to(nowhere((rows) => numOutputRows += rows))
    .start({
      checkpointLocation: `${folder}/checkpoint-${name}`,
      trigger: { availableNow: true },
      listener: {
        onProgress: ({ numInputRows: rows, stateOperators: [state] }) => {
          numInputRows += rows;
          stateRows = Math.max(stateRows, state?.numRowsTotal ?? 0);
          stateBytes = Math.max(stateBytes, state?.memoryUsedBytes ?? 0);
        },
      },
    });
  await query.awaitTermination();
  return {
    seconds: (performance.now() - started) / 1000,
    numInputRows,
    numOutputRows,
    stateRows,
    stateMb: stateBytes / 1024 ** 2,
    peakRssMb: Number(/VmHWM:\s+(\d+) kB/.exec(await Deno.readTextFile("/proc/self/status"))![1]) /
      1024,
  };
}

if (import.meta.main) {
  const [name, folder] = Deno.args;
  print(JSON.stringify(await measure(name!, folder!)));
}
