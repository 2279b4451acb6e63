import { deepEqual, equal, ok, rejects, throws } from "assert";
import { recordOffset, recordValue, SluiceError } from "../../lib/core/mod.ts";
import { crc32c } from "../../lib/kafka/crc32c.ts";
import type { AbortedTransaction } from "../../lib/kafka/fetch.ts";
import { findBatches } from "../../lib/kafka/record_batch.ts";
import { RecordBatchBuilder } from "../../lib/kafka/record_batch_builder.ts";
import { decodeRecords } from "../../lib/kafka/record_decoder.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const UNPACKED = {
  compress: (bytes: Uint8Array) => bytes,
  decompress: (bytes: Uint8Array) => bytes,
};

interface BatchOptions {
  readonly producerId?: bigint;
  readonly timestampsMs?: readonly number[];
  readonly lastOffsetDelta?: number;
  readonly control?: "commit" | "abort";
}

/** A record batch with these values, as a broker has it: base offset set, and what options say. */
function batch(
  baseOffset: bigint,
  values: readonly string[],
  { producerId = -1n, timestampsMs, lastOffsetDelta, control }: BatchOptions = {},
): Uint8Array {
  const builder = new RecordBatchBuilder();
  const key = control === undefined ? null : new Uint8Array([0, 0, 0, control === "abort" ? 0 : 1]);
  values.forEach((value, i) => {
    const timestampMs = timestampsMs?.[i] ?? 1_000;
    builder.append({ key, value: encoder.encode(value), headers: [], timestampMs });
  });
  const transactional = producerId >= 0n;
  const bytes = builder.finish(
    { producerId, producerEpoch: 0, baseSequence: 0, transactional },
    0,
    UNPACKED,
  );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setBigInt64(0, baseOffset);
  if (lastOffsetDelta !== undefined) view.setInt32(23, lastOffsetDelta);
  if (control !== undefined) view.setInt16(21, 0x30);
  view.setUint32(17, crc32c(bytes, 21, bytes.length));
  return bytes;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function decode(
  bytes: Uint8Array,
  startOffset = 0n,
  endOffsetExclusive = 2n ** 62n,
  abortedTransactions: AbortedTransaction[] = [],
): Promise<{ offset: bigint; timestampMs: number; value: string; block: number }[]> {
  const records = [];
  let number = 0;
  for await (
    const { block } of decodeRecords({
      topic: "t",
      partition: 0,
      bytes,
      batches: findBatches(bytes, "t-0"),
      abortedTransactions,
      startOffset,
      endOffsetExclusive,
    })
  ) {
    for (let i = 0; i < block.count; i++) {
      records.push({
        offset: recordOffset(block, i),
        timestampMs: block.timestampsMs[i]!,
        value: decoder.decode(recordValue(block, i)!),
        block: number,
      });
    }
    number++;
  }
  return records;
}

Deno.test("decodeRecords() keeps the offsets of what compaction left", async () => {
  // As the log cleaner leaves them: records gone from the middle, the end, or a whole batch.
  const bytes = joined(
    batch(10n, ["a", "b"], { lastOffsetDelta: 7 }),
    batch(20n, [], { lastOffsetDelta: 4 }),
    batch(1_000n, ["c"]),
  );
  deepEqual((await decode(bytes)).map(({ offset }) => offset), [10n, 11n, 1_000n]);
  deepEqual(findBatches(bytes, "t-0").map(({ lastOffset }) => lastOffset), [17n, 24n, 1_000n]);
  deepEqual((await decode(bytes, 11n, 1_000n)).map(({ offset }) => offset), [11n]);
});

Deno.test("decodeRecords() starts a new block where offsets are further apart than 31 bits", async () => {
  const far = 2n ** 53n;
  const bytes = joined(
    batch(0n, ["a"]),
    batch(2n ** 31n - 1n, ["b"]),
    batch(2n ** 31n, ["c"]),
    batch(far, ["d", "e"]),
  );
  deepEqual((await decode(bytes)).map(({ offset, block }) => [offset, block]), [
    [0n, 0],
    [2n ** 31n - 1n, 0],
    [2n ** 31n, 1],
    [far, 2],
    [far + 1n, 2],
  ]);
});

Deno.test("decodeRecords() reads timestamps of any distance", async () => {
  const timestampsMs = [1_700_000_000_000, -1, 0, 8_640_000_000_000_000, 1_700_000_000_001];
  const read = await decode(batch(0n, ["", "", "", "", ""], { timestampsMs }));
  deepEqual(read.map(({ timestampMs }) => timestampMs), timestampsMs);
});

Deno.test("decodeRecords() leaves out what was aborted, of each producer its own", async () => {
  const bytes = joined(
    batch(0n, ["one aborted"], { producerId: 1n }),
    batch(1n, ["two"], { producerId: 2n }),
    batch(2n, ["plain"]),
    batch(3n, [""], { producerId: 1n, control: "abort" }),
    batch(4n, ["one again"], { producerId: 1n }),
    batch(5n, [""], { producerId: 2n, control: "commit" }),
    batch(6n, [""], { producerId: 1n, control: "commit" }),
    batch(7n, ["one aborted again"], { producerId: 1n }),
    batch(8n, [""], { producerId: 1n, control: "abort" }),
  );
  const aborted = [{ producerId: 1n, firstOffset: 7n }, { producerId: 1n, firstOffset: 0n }];
  const read = await decode(bytes, 0n, 9n, aborted);
  deepEqual(read.map(({ value }) => value), ["two", "plain", "one again"]);
});

Deno.test("findBatches() leaves out a batch that is cut off at the end", () => {
  const first = batch(0n, ["a"]);
  const second = batch(1n, ["b"]);
  const whole = joined(first, second);
  for (let length = 0; length <= whole.length; length++) {
    const found = findBatches(whole.subarray(0, length), "t-0");
    equal(found.length, length < first.length ? 0 : length < whole.length ? 1 : 2, `${length}`);
  }
});

Deno.test("decodeRecords() refuses bytes that do not match their checksum", async () => {
  const good = joined(batch(5n, ["a"]), batch(6n, ["some value"]));
  const { start, end } = findBatches(good, "t-0")[1]!;
  for (let at = start + 21; at < end; at++) {
    const bytes = good.slice();
    bytes[at]! ^= 0x10;
    await rejects(decode(bytes), (error) => {
      ok(error instanceof SluiceError);
      equal(error.code, "CORRUPT_RECORDS");
      ok(error.message.includes("t-0@6"), error.message);
      return true;
    });
  }
});

Deno.test("decodeRecords() refuses records longer than their batch", async () => {
  const broken = (change: (bytes: Uint8Array, view: DataView) => void) => {
    const bytes = batch(0n, ["0123456789"]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    change(bytes, view);
    view.setUint32(17, crc32c(bytes, 21, bytes.length));
    return decode(bytes);
  };
  const corrupt = (error: unknown) =>
    error instanceof SluiceError && error.code === "CORRUPT_RECORDS";
  await rejects(broken((_, view) => view.setInt32(57, 2_000_000_000)), corrupt);
  await rejects(broken((_, view) => view.setInt32(57, 2)), corrupt);
  await rejects(broken((_, view) => view.setInt32(57, -1)), corrupt);
  // The length of the record, and of its value.
  await rejects(broken((bytes) => bytes[61] = 0x7e), corrupt);
  await rejects(broken((bytes) => bytes[66] = 0x7e), corrupt);
});

Deno.test("findBatches() refuses the message formats from before Kafka 0.11 by name", () => {
  for (const magic of [0, 1]) {
    const bytes = batch(3n, ["a"]);
    bytes[16] = magic;
    throws(() => findBatches(bytes, "t-0"), (error) => {
      ok(error instanceof SluiceError);
      equal(error.code, "UNSUPPORTED_MESSAGE_FORMAT");
      ok(error.message.includes(`t-0@3: found message format v${magic}`), error.message);
      return true;
    });
  }
});

Deno.test("crc32c() gives the values of RFC 3720", () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
  equal(crc32c(encoder.encode("123456789"), 0, 9), 0xe3069283);
  equal(crc32c(new Uint8Array(32), 0, 32), 0x8a9136aa);
  equal(crc32c(new Uint8Array(32).fill(0xff), 0, 32), 0x62a8ab43);
  equal(crc32c(ascending, 0, 32), 0x46dd794e);
});
