import {
  type OffsetRange,
  offsetRanges,
  type Offsets,
  SluiceError,
  type Source,
} from "../../core/mod.ts";
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
 * What to read after `position`, up to `latest`; `undefined` if there is nothing new. `logEnd` is the
 * end of what is there, readable or not: a position between the two waits for an open transaction.
 * Without `isLimited` one batch takes it all.
 *
 * @throws {SluiceError} `DATA_LOSS` if the source ends before the position: the topic was deleted,
 * or made anew, or cut.
 */
export async function nextRange(
  source: Source,
  position: Offsets,
  latest: Offsets,
  logEnd: Offsets,
  isLimited: boolean,
): Promise<NextRange | undefined> {
  const lost = offsetRanges(logEnd, position)[0];
  if (lost !== undefined && source.failOnDataLoss) throw lostOffsets(source, lost, logEnd);
  // With failOnDataLoss off, a partition that ends before our position is taken up at its end.
  const start = mapOffsets(latest, (topic, partition) => {
    const from = position[topic]?.[partition] ?? 0n;
    const last = logEnd[topic]?.[partition] ?? from;
    return from < last ? from : last;
  });
  const readable = mapOffsets(latest, (topic, partition, end) => {
    const from = start[topic]![partition]!;
    return end < from ? from : end;
  });
  if (offsetRanges(start, readable).length === 0) return undefined;
  const end = isLimited ? await limitedEnd(source, start, readable) : readable;
  return offsetRanges(start, end).length === 0 ? undefined : { start, end, latest };
}

async function limitedEnd(source: Source, start: Offsets, readable: Offsets): Promise<Offsets> {
  if (source.planEnd !== undefined) return await source.planEnd(start, readable);
  return planBatch(start, readable, source.limits.maxOffsetsPerTrigger);
}

function lostOffsets({ lossHint }: Source, lost: OffsetRange, logEnd: Offsets): SluiceError {
  const partitionIsThere = logEnd[lost.topic]?.[lost.partition] !== undefined;
  return new SluiceError("DATA_LOSS", {
    attempted: "plan the next batch",
    where: `${lost.topic}-${lost.partition}`,
    found: partitionIsThere ? `the end at offset ${lost.startOffset}` : "no such partition",
    wanted: `offset ${lost.endOffsetExclusive}, where the query stopped`,
    hint: lossHint ??
      "the topic was deleted, made anew or cut: start a new query with an empty " +
        "checkpointLocation, or set failOnDataLoss to false to go on with what is there",
  });
}
