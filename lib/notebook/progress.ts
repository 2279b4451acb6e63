import { systemClock } from "../core/mod.ts";
import {
  offsetsBehindLatest,
  type StreamingQuery,
  type StreamingQueryProgress,
} from "../streaming/mod.ts";
import type { Display } from "./display.ts";
import { table } from "./table.ts";

const LOOK_MS = 200;
const MAX_BATCHES = 8;

/** Puts a display into the notebook, or there where the one before it is. */
export type ShowLive = (display: Display) => Promise<void>;

/**
 * Shows the newest batches of a query in the notebook, live, until the query ends; then throws what
 * ended it, if that was an error. A query that follows its topic is shown while other cells run:
 *
 *     const shown = progress(query);
 *     …
 *     await query.stop();
 *     await shown;
 *
 * @param show where to; default: below the cell that calls it.
 */
export async function progress(
  query: StreamingQuery,
  show: ShowLive = liveInNotebook(),
): Promise<void> {
  const ended = new AbortController();
  const termination = query.awaitTermination().finally(() => ended.abort());
  // Thrown below, after the last look.
  termination.catch(() => {});
  let records = 0;
  let newestBatchId = -1;
  const look = async (state: "runs" | "has ended") => {
    for (const { batchId, numInputRows } of query.recentProgress) {
      if (batchId <= newestBatchId) continue;
      newestBatchId = batchId;
      records += numInputRows;
    }
    const caption = `query ${query.name} ${state}: ${records.toLocaleString("en-US")} records`;
    await show(table(query.recentProgress.slice(-MAX_BATCHES).map(batchRow), { caption }));
  };
  while (!ended.signal.aborted) {
    await look("runs");
    await systemClock.sleep(LOOK_MS, ended.signal);
  }
  await look("has ended");
  await termination;
}

function batchRow(progress: StreamingQueryProgress): Readonly<Record<string, unknown>> {
  return {
    batch: progress.batchId,
    records: progress.numInputRows,
    "dead letters": progress.numDeadLetters,
    ...Object.fromEntries(
      progress.sinks.map(({ description, numOutputRows }) => [description, numOutputRows]),
    ),
    lag: progress.sources.reduce(
      (sum, source) => sum + offsetsBehindLatest(source.endOffset, source.latestOffset).total,
      0n,
    ),
    "rows/s": Math.round(progress.processedRowsPerSecond),
  };
}

function liveInNotebook(): ShowLive {
  const id = crypto.randomUUID();
  let message = "display_data";
  return async ({ mime }) => {
    await Deno.jupyter.broadcast(message, {
      data: mime,
      metadata: {},
      transient: { display_id: id },
    });
    message = "update_display_data";
  };
}
