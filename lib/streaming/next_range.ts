import {
  type OffsetRange,
  offsetRanges,
  type Offsets,
  SluiceError,
  type Source,
} from "../core/mod.ts";
import { mapOffsets, planBatch } from "./plan_batch.ts";

/** Offsets to read next. */
export interface NextRange {
  readonly start: Offsets;
  /** Exclusive. */
  readonly end: Offsets;
  /** The end of the source when it was asked. */
  readonly latest: Offsets;
}

/**
 * What to read after `position`, up to `latest`; `undefined` if there is nothing new.
 *
 * @throws {SluiceError} `DATA_LOSS` if the source ends before the position: the topic was deleted,
 * or made anew, or cut.
 */
export function nextRange(
  source: Source,
  position: Offsets,
  latest: Offsets,
  maxOffsetsPerTrigger: number | undefined,
): NextRange | undefined {
  const lost = offsetRanges(latest, position)[0];
  if (lost !== undefined && source.failOnDataLoss) throw lostOffsets(lost, latest);
  // With failOnDataLoss off, a partition that ends before our position is taken up at its end.
  const start = mapOffsets(
    latest,
    (topic, partition, end) => {
      const from = position[topic]?.[partition] ?? 0n;
      return from > end ? end : from;
    },
  );
  const end = planBatch(start, latest, maxOffsetsPerTrigger);
  return offsetRanges(start, end).length === 0 ? undefined : { start, end, latest };
}

function lostOffsets(lost: OffsetRange, latest: Offsets): SluiceError {
  const partitionIsThere = latest[lost.topic]?.[lost.partition] !== undefined;
  return new SluiceError("DATA_LOSS", {
    attempted: "plan the next batch",
    where: `${lost.topic}-${lost.partition}`,
    found: partitionIsThere ? `the end at offset ${lost.startOffset}` : "no such partition",
    wanted: `offset ${lost.endOffsetExclusive}, where the query stopped`,
    hint: "the topic was deleted, made anew or cut: start a new query with an empty " +
      "checkpointLocation, or set failOnDataLoss to false to go on with what is there",
  });
}
