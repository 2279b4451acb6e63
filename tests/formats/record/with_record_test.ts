import { deepEqual, equal, throws } from "assert";
import {
  Batch,
  type DeadLetter,
  Decimal,
  type Decoder,
  type RecordBlock,
  type RecordHeader,
  type Row,
  schema as s,
} from "../../../lib/core/mod.ts";
import { json } from "../../../lib/formats/json/mod.ts";
import { recordHeaders, withRecord } from "../../../lib/formats/record/mod.ts";
import { Random } from "../../support/random.ts";

const encoder = new TextEncoder();
const Trade = s.struct({ symbol: s.string(), price: s.decimal(18, 8).nullable() });
const NOT_UTF8 = Uint8Array.of(0xc3, 0x28);

/** A record as a test writes it. */
type TestRecord = Pick<DeadLetter, "offset" | "timestampMs" | "key" | "value" | "headers">;

function record(value: string | null, more: Partial<TestRecord> = {}): TestRecord {
  return {
    offset: 0n,
    timestampMs: 1_700_000_000_123,
    key: null,
    value: value === null ? null : encoder.encode(value),
    headers: [],
    ...more,
  };
}

/** The records as a block; their offsets are in order. */
function blockOf(records: readonly TestRecord[], topic = "trades", partition = 2): RecordBlock {
  const bytes: number[] = [];
  const ranges = (values: (Uint8Array | null)[]) => {
    const starts = Int32Array.from(values, (value) => {
      if (value === null) return -1;
      bytes.push(...value);
      return bytes.length - value.length;
    });
    return [starts, starts.map((start, i) => start < 0 ? -1 : start + values[i]!.length)] as const;
  };
  const [keyStarts, keyEnds] = ranges(records.map(({ key }) => key));
  const [valueStarts, valueEnds] = ranges(records.map(({ value }) => value));
  const baseOffset = records[0]?.offset ?? 0n;
  return {
    topic,
    partition,
    count: records.length,
    bytes: Uint8Array.from(bytes),
    baseOffset,
    offsetDeltas: Int32Array.from(records, ({ offset }) => Number(offset - baseOffset)),
    timestampsMs: Float64Array.from(records, ({ timestampMs }) => timestampMs),
    keyStarts,
    keyEnds,
    valueStarts,
    valueEnds,
    headers: (index) => [...records[index]!.headers],
  };
}

/** What is made of records, behind the rows of `batch`. */
async function decode<Row>(
  decoder: Decoder<Row>,
  records: readonly TestRecord[],
  batch = new Batch(decoder.schema),
) {
  const before = batch.numRows;
  const rejections = await decoder.decode(blockOf(records), batch);
  return { rows: [...batch.rows()].slice(before), rejections };
}

Deno.test("withRecord() adds what a record is beside its value, exactly", async () => {
  const decoder = withRecord(json(Trade), {
    topic: s.string(),
    partition: s.integer(),
    offset: s.long(),
    timestamp: s.timestamp(),
    key: s.binary().nullable(),
    headers: recordHeaders(),
  });
  const headers: RecordHeader[] = [
    { key: "traceparent", value: encoder.encode("00-ab-cd-01") },
    { key: "traceparent", value: null },
  ];
  const { rows, rejections } = await decode(decoder, [
    record('{"symbol":"A","price":"0.1"}', {
      offset: 9007199254740993n,
      key: encoder.encode("k"),
      headers,
    }),
    record('{"symbol":"B"}', { offset: 9007199254740995n, timestampMs: 0 }),
  ]);
  deepEqual(rejections, []);
  const first: Row<typeof decoder.schema> = {
    symbol: "A",
    price: Decimal.parse("0.10000000"),
    topic: "trades",
    partition: 2,
    offset: 9007199254740993n,
    timestamp: 1_700_000_000_123_000n,
    key: encoder.encode("k"),
    headers: [{ key: "traceparent", value: encoder.encode("00-ab-cd-01") }, {
      key: "traceparent",
      value: null,
    }],
  };
  deepEqual(rows, [first, {
    symbol: "B",
    price: null,
    topic: "trades",
    partition: 2,
    offset: 9007199254740995n,
    timestamp: 0n,
    key: null,
    headers: [],
  }]);
});

Deno.test("withRecord() calls columns as it is told, and reads a key as text where one is wanted", async () => {
  const decoder = withRecord(json(Trade), {
    record_key: s.string().from("key"),
    kafka_offset: s.long().from("offset"),
  });
  deepEqual(decoder.schema.fields.map(({ name }) => name), [
    "symbol",
    "price",
    "record_key",
    "kafka_offset",
  ]);
  const { rows } = await decode(decoder, [
    record('{"symbol":"A"}', { key: encoder.encode("żółć") }),
  ]);
  deepEqual(rows, [{ symbol: "A", price: null, record_key: "żółć", kafka_offset: 0n }]);
});

Deno.test("a record without what a column wants is rejected, and says so", async () => {
  const decoder = withRecord(json(Trade), {
    id: s.string().from("key"),
    timestamp: s.timestamp(),
  });
  const good = { key: encoder.encode("k") };
  const { rows, rejections } = await decode(decoder, [
    record('{"symbol":"A"}'),
    record('{"symbol":"B"}', { key: NOT_UTF8 }),
    record('{"symbol":"C"}', good),
    record('{"symbol":', good),
    record('{"symbol":"D"}', { ...good, timestampMs: -1 }),
    record('{"symbol":"E"}', { ...good, timestampMs: 300_000_000_000_000 }),
    record('{"symbol":"F"}', good),
  ]);
  deepEqual(rows.map(({ symbol }) => symbol), ["C", "F"]);
  deepEqual(rejections.map(({ index }) => index), [0, 1, 3, 4, 5]);
  deepEqual(rejections.filter(({ index }) => index !== 3).map(({ error }) => error), [
    "record's key (column id) is missing",
    "record's key (column id): found bytes that are not UTF-8, wanted string",
    "record's timestamp is missing",
    "record's timestamp: found 300000000000000 ms since 1970, wanted the years 1 to 9999",
  ]);
});

Deno.test("each row has the key, offset and headers of its own record, whichever are rejected", async () => {
  const random = new Random(7);
  const decoder = withRecord(json(Trade), {
    offset: s.long(),
    key: s.string(),
    headers: recordHeaders(),
  });
  const batch = new Batch(decoder.schema);
  for (let round = 0; round < 100; round++) {
    let offset = BigInt(random.integer(0, 1_000));
    const records = Array.from({ length: random.integer(0, 30) }, () => {
      offset += BigInt(random.integer(1, 3));
      return record(random.pick([`{"symbol":"s${offset}"}`, "no json", null]), {
        offset,
        key: random.pick([null, NOT_UTF8, encoder.encode(`k${offset}`), new Uint8Array()]),
        headers: random.pick([[], [{ key: "h", value: encoder.encode(String(offset)) }]]),
      });
    });
    const isGood = ({ key, value }: TestRecord) =>
      key !== null && key !== NOT_UTF8 && value?.[0] === "{".charCodeAt(0);
    const { rows, rejections } = await decode(decoder, records, batch);
    deepEqual(
      rows,
      records.filter(isGood).map(({ offset, key, headers }) => ({
        symbol: `s${offset}`,
        price: null,
        offset,
        key: new TextDecoder().decode(key!),
        headers,
      })),
    );
    deepEqual(
      rejections.map(({ index }) => index),
      records.flatMap((each, i) => isGood(each) ? [] : [i]),
    );
  }
});

Deno.test("withRecord() refuses columns that a record does not have", () => {
  const add = (columns: Parameters<typeof withRecord>[1]) => () => withRecord(json(Trade), columns);
  throws(add({ ofset: s.long() }), {
    code: "BAD_SCHEMA",
    message: /"ofset".*wanted one of topic, partition, offset, timestamp, key, headers/,
  });
  throws(add({ offset: s.integer() }), {
    code: "BAD_SCHEMA",
    message: /found integer, wanted long/,
  });
  throws(add({ headers: s.map(s.string(), s.binary()) }), { message: /wanted recordHeaders\(\)/ });
  throws(add({ symbol: s.string().from("topic") }), { code: "BAD_SCHEMA", message: /"symbol"/ });
  // A column of the rows may be read from a field of that name.
  const Named = s.struct({ o: s.long().from("offset") });
  equal(withRecord(json(Named), { offset: s.long() }).schema.fields.length, 2);
});
