import { type CommitOutcome, type MicroBatch, SluiceError } from "../../core/mod.ts";
import type { InputRange } from "../input/batch_reader.ts";
import type { OpenSink } from "./commit_batch.ts";

/**
 * Refuses a batch with a dead letter that no sink keeps: that would be a record dropped in silence.
 *
 * @throws {SluiceError} `BAD_RECORD`.
 */
export function refuseLostDeadLetters(
  batchId: number,
  inputs: readonly InputRange[],
  sinks: readonly OpenSink[],
): void {
  const first = inputs.map(({ deadLetters }) => deadLetters[0]).find((each) => each !== undefined);
  if (first === undefined || sinks.some(({ sink }) => sink.takesDeadLetters)) return;
  throw new SluiceError("BAD_RECORD", {
    attempted: `decode batch ${batchId}`,
    where: `${first.topic}-${first.partition}@${first.offset}`,
    found: first.error,
    hint: "no sink of this query keeps dead letters: add one that does (Postgres, or a dead " +
      "letter topic), or mend the schema",
  });
}

/**
 * Refuses rows that a sink cannot store, where they have no record that could become a dead letter.
 *
 * @throws {SluiceError} `UNSTORABLE_ROW`.
 */
export function refuseUnstorableRows(
  { sink, writer }: OpenSink,
  { batchId, batch }: MicroBatch,
): void {
  const [rejected] = writer.reject?.(batch, 0) ?? [];
  if (rejected === undefined) return;
  throw new SluiceError("UNSTORABLE_ROW", {
    attempted: `bring batch ${batchId} to sink ${sink.name}`,
    where: `row ${rejected.index}`,
    found: rejected.error,
    hint: "behind a sink or an operator with state a row has no record that could become a dead " +
      "letter: leave such rows out with where, or change their values, before this sink",
  });
}

/**
 * Refuses a batch that this run has just planned and that a sink had already. Nobody else can have
 * written it, unless there is another checkpoint of the same query, with a batch of this number and
 * maybe of other records.
 *
 * @throws {SluiceError} `FENCED`.
 */
export function refuseStrangerBatch(
  batchId: number,
  outcomes: ReadonlyMap<string, CommitOutcome>,
): void {
  for (const [sink, { status }] of outcomes) {
    if (status !== "alreadyCommitted") continue;
    throw new SluiceError("FENCED", {
      attempted: `commit batch ${batchId}`,
      where: `sink ${sink}`,
      found: "a batch of this number that this run did not write",
      wanted: "one run of the query",
      hint: "another process runs this query on this checkpoint or on a copy of it: stop one of " +
        "them, and go on with the checkpoint of the one that wrote the batch",
    });
  }
}
