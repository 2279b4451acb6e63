import {
  Batch,
  concatBatches,
  type Int64Column,
  type OutputMode,
  schema as s,
} from "../../lib/core/mod.ts";
import type { StateTables } from "../../lib/state/mod.ts";
import type { StatefulOperator, StatefulResult, StreamRows } from "../../lib/transforms/mod.ts";

/** What the toys read: a number, and when it was. */
export const Reading = s.struct({ id: s.long(), at: s.timestamp("s").nullable() });

/** How many readings were in ten seconds. */
export const Bucket = s.struct({ bucket: s.timestamp(), count: s.long() });

const BUCKET_MICROS = 10_000_000n;

/** What a test may look at, and meddle with. */
export interface BucketOptions {
  /** Called for each batch; may throw. */
  readonly onApply?: (batchId: number) => void;
  /** As `OperatorRun.isDue`. */
  readonly isDue?: (nowMs: number) => boolean;
  /** As `StatefulOperator.outputWatermark`. */
  readonly outputWatermark?: (inputMicros: bigint) => bigint;
  /** Told of the watermarks of each batch, in seconds. */
  readonly onWatermarks?: (batchId: number, late: number, watermark: number) => void;
  /** As `StatefulOperator.stateDescription`. */
  readonly stateDescription?: string;
}

/**
 * Counts readings in buckets of ten seconds, as simply as can be. In append mode a bucket comes out
 * once, when the watermark has passed its end; in update mode whenever it changed.
 */
export function bucketCounts(input: StreamRows, options: BucketOptions = {}): StatefulOperator {
  const time = input.schema.fields.findIndex(({ name }) => name === "at" || name === "bucket");
  const { onApply, onWatermarks, isDue, outputWatermark } = options;
  return {
    name: "bucketCounts",
    schema: Bucket as never,
    eventTime: "bucket",
    keyColumns: ["bucket"],
    stateDescription: options.stateDescription ?? "counts of buckets of ten seconds",
    checkMode: () => {},
    ...(outputWatermark === undefined ? {} : { outputWatermark }),
    open(state: StateTables, mode: OutputMode) {
      const table = state.table("counts");
      return {
        ...(isDue === undefined ? {} : { isDue }),
        apply([rows], { batchId, lateMicros, watermarkMicros }): StatefulResult {
          onApply?.(batchId);
          onWatermarks?.(batchId, Number(lateMicros) / 1e6, Number(watermarkMicros) / 1e6);
          const late: number[] = [];
          const changed = new Set<bigint>();
          const column = rows!.columns[time]! as Int64Column;
          for (let row = 0; row < rows!.numRows; row++) {
            const at = column.get(row) as bigint | null;
            if (at === null) continue;
            const bucket = at - at % BUCKET_MICROS;
            if (bucket + BUCKET_MICROS <= lateMicros) {
              late.push(row);
              continue;
            }
            const count = numberIn(table.get(bytesOf(bucket))) + 1n;
            table.put(bytesOf(bucket), bytesOf(count), bucket + BUCKET_MICROS);
            changed.add(bucket);
          }
          const made = new Batch(Bucket);
          if (mode === "append") {
            for (const { key, value } of table.upTo(watermarkMicros)) {
              made.append({ bucket: numberIn(key), count: numberIn(value) });
            }
          } else {
            for (const bucket of changed) {
              made.append({ bucket, count: numberIn(table.get(bytesOf(bucket))) });
            }
          }
          table.removeUpTo(watermarkMicros);
          return {
            batch: made as unknown as Batch,
            ...(late.length === 0 ? {} : { late: [rows!.take(Int32Array.from(late))] }),
          };
        },
      };
    },
  };
}

function bytesOf(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value);
  return bytes;
}

function numberIn(bytes: Uint8Array | undefined): bigint {
  return bytes === undefined ? 0n : new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0);
}

/** The rows of all inputs, one behind the other. */
export function union(inputs: readonly StreamRows[]): StatefulOperator {
  return {
    name: "union",
    schema: inputs[0]!.schema,
    keyColumns: [],
    stateDescription: "none",
    checkMode: () => {},
    open: () => ({ apply: (batches) => ({ batch: concatBatches(batches) }) }),
  };
}
