import { onFailpoint, type Sink, SluiceError } from "../../lib/core/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import type { StartOptions, StreamingQuery } from "../../lib/streaming/mod.ts";
import { Pipeline } from "../../lib/streaming/pipeline.ts";
import {
  decodedNode,
  type PlanNode,
  statefulNode,
  watermarkNode,
} from "../../lib/streaming/plan/node.ts";
import { eventTimeOf } from "../../lib/transforms/mod.ts";
import type { MemorySource } from "../support/memory_source.ts";
import { bucketCounts, type BucketOptions, Reading } from "./toy_operators.ts";

/** The rows of a toy, as they are counted. */
export type BucketRow = { readonly bucket: bigint; readonly count: bigint };

/** Readings with a watermark. */
export function readings(source: MemorySource, delay = "10 seconds"): PlanNode {
  const decoded = decodedNode(source, json(Reading) as never);
  const label = `withWatermark at, ${delay}`;
  return watermarkNode(decoded, () => eventTimeOf(Reading, "at", delay) as never, label);
}

/** Readings counted in buckets of ten seconds; the sinks in `taps` get the readings. */
export function buckets(
  source: MemorySource,
  options: BucketOptions = {},
  taps: readonly Sink[] = [],
): Pipeline<BucketRow> {
  const node = readings(source);
  return new Pipeline({
    name: "buckets",
    last: statefulNode([node], () => bucketCounts(node, options)),
    taps: taps.map((sink) => ({ sink, node })),
  });
}

/** Runs a pipeline until there is nothing left to do. */
export async function run<Row>(
  written: Pipeline<Row>,
  checkpointLocation: string,
  options: Partial<StartOptions> = {},
): Promise<StreamingQuery> {
  const query = await written.start({
    checkpointLocation,
    trigger: { availableNow: true },
    ...options,
  });
  await query.awaitTermination();
  return query;
}

/** Adds readings at these seconds to a partition. */
export function read(source: MemorySource, seconds: readonly number[], partition = 0): void {
  const records = source.partitions[partition]!;
  for (const at of seconds) records.push(JSON.stringify({ id: records.length, at }));
}

/** Counts in buckets, as `[the second that it begins with, count]`. */
export function counts(rows: readonly Record<string, unknown>[]): [number, number][] {
  return rows.map(({ bucket, count }) => [Number(bucket) / 1e6, Number(count)]);
}

/** Runs work that a failpoint ends, at its first or a later hit; returns whether it was reached. */
export async function crashAt(
  name: string,
  hit: number,
  work: () => Promise<unknown>,
): Promise<boolean> {
  let hits = 0;
  const crash = new Error(`crash at ${name}`);
  onFailpoint((reached) => {
    if (reached === name && ++hits === hit) throw crash;
  });
  try {
    await work();
    return false;
  } catch (error) {
    if (error !== crash) throw error;
    return true;
  } finally {
    onFailpoint(undefined);
  }
}

/** For `rejects` and `throws`. */
export function hasCode(code: string, text = /./): (error: unknown) => boolean {
  return (error) => error instanceof SluiceError && error.code === code && text.test(error.message);
}
