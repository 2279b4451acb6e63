import { SluiceError } from "../../core/mod.ts";
import type { Recovery } from "../checkpoint/planned_batch.ts";
import type { OpenSink } from "./commit_batch.ts";

/**
 * Refuses to go on where a sink and the checkpoint cannot belong together.
 *
 * @throws {SluiceError} `SINK_BEHIND` if a sink lacks batches that are done: it was added later, or
 * restored from a backup; `SINK_AHEAD` if it has batches that were never planned: the checkpoint is
 * older than the sink.
 */
export async function refuseStrangeSinks(
  sinks: readonly OpenSink[],
  { committedBatchId, replay }: Recovery,
): Promise<void> {
  const plannedBatchId = replay?.batchId ?? committedBatchId;
  for (const { sink: { name }, writer } of sinks) {
    const held = await writer.lastBatchId();
    if (held === undefined) continue;
    if (held < committedBatchId) {
      throw new SluiceError("SINK_BEHIND", {
        attempted: "go on with the query",
        where: `sink ${name}`,
        found: held < 0 ? "no batch of this query" : `batch ${held} as its newest`,
        wanted: `batch ${committedBatchId}, the newest that is done`,
        hint:
          "the sink was added to the query later, or its table was dropped or restored: load it " +
          "with a query of its own, from an empty checkpointLocation",
      });
    }
    if (held > plannedBatchId) {
      throw new SluiceError("SINK_AHEAD", {
        attempted: "go on with the query",
        where: `sink ${name}`,
        found: `batch ${held}`,
        wanted: `at most batch ${plannedBatchId}, the newest in the checkpoint`,
        hint:
          "the checkpoint is older than the sink: restore the newer checkpoint, or load a new " +
          "table from an empty checkpointLocation",
      });
    }
  }
}

/**
 * Refuses a sink that writes into a topic which the query reads: it would read its own records for
 * ever.
 *
 * @param identities The ids of the topics that are read, by name.
 * @throws {SluiceError} `SINK_IS_SOURCE`.
 */
export function refuseLoop(
  sinks: readonly OpenSink[],
  identities: Readonly<Record<string, string>>,
): void {
  for (const [topic, id] of Object.entries(identities)) {
    const sink = sinks.find(({ writer }) => writer.topicId === id);
    if (sink === undefined) continue;
    throw new SluiceError("SINK_IS_SOURCE", {
      attempted: "start the query",
      where: `sink ${sink.sink.name}`,
      found: `topic "${topic}", which the query reads`,
      wanted: "another topic",
      hint: "the query would read its own records for ever: write to a topic of their own",
    });
  }
}

/**
 * Refuses two sinks that write to the same place, however it was spelt.
 *
 * @throws {SluiceError} `BAD_PIPELINE`.
 */
export function refuseSharedTargets(sinks: readonly OpenSink[]): void {
  for (const [i, { sink, writer }] of sinks.entries()) {
    if (writer.targetId === undefined) continue;
    const other = sinks.slice(0, i).find((other) => other.writer.targetId === writer.targetId);
    if (other === undefined) continue;
    throw new SluiceError("BAD_PIPELINE", {
      attempted: "start the query",
      where: `sink ${sink.name}`,
      found: `the place that sink ${other.sink.name} writes to`,
      wanted: "a place of its own",
    });
  }
}
