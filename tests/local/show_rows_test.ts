import { deepEqual, equal } from "assert";
import {
  Batch,
  Decimal,
  parseDateDays,
  parseTimestampMicros,
  schema as s,
} from "../../lib/core/mod.ts";
import { showRows } from "../../lib/local/show_rows.ts";
import answers from "./spark_show.json" with { type: "json" };

const Shown = s.struct({
  tiny: s.byte().nullable(),
  small: s.short().nullable(),
  medium: s.integer().nullable(),
  large: s.long().nullable(),
  single: s.float().nullable(),
  double: s.double().nullable(),
  price: s.decimal(18, 8).nullable(),
  text: s.string().nullable(),
  flag: s.boolean().nullable(),
  day: s.date().nullable(),
  at: s.timestamp().nullable(),
  wall: s.timestampNtz().nullable(),
  bytes: s.binary().nullable(),
  tags: s.array(s.string().nullable()).nullable(),
  counts: s.map(s.string(), s.long().nullable()).nullable(),
  address: s.struct({
    x: s.integer().nullable(),
    y: s.struct({ z: s.string().nullable() }).nullable(),
  }).nullable(),
});

Deno.test("showRows() prints what Spark's show prints, to the letter", () => {
  const batch = shownRows() as unknown as Batch;
  for (const [name, expected] of Object.entries(answers)) {
    if (name === "empty") continue;
    const [numRows, truncate] = name.split(" ").map(Number);
    deepEqual(
      showRows(batch, { numRows: numRows!, truncate: truncate! }).split("\n"),
      expected.split("\n"),
    );
  }
  const empty = new Batch(s.struct({ id: s.integer() })) as unknown as Batch;
  equal(showRows(empty, { numRows: 20, truncate: 20 }), answers.empty);
});

/** The rows that `make_spark_show.py` asks Spark about. */
function shownRows(): Batch {
  const batch = new Batch(Shown);
  const plain = {
    tiny: 0,
    small: 0,
    medium: 0,
    large: 0n,
    price: new Decimal(1n, 0),
    flag: true,
    day: -1,
    at: -1_000_000n,
    wall: micros("1900-01-01T00:00:00"),
    bytes: Uint8Array.of(0),
    tags: ["x"],
    counts: new Map([["a", 1n]]),
    address: { x: 1, y: { z: "q" } },
  };
  batch.append({
    tiny: 1,
    small: 2,
    medium: 3,
    large: 9007199254740993n,
    single: 1.5,
    double: 2.25,
    price: Decimal.parse("10.5"),
    text: "BTCUSDT",
    flag: true,
    day: parseDateDays("2024-02-29")!,
    at: micros("2024-02-29T23:59:59.999999"),
    wall: micros("2024-02-29T01:02:03.4"),
    bytes: Uint8Array.of(0, 255),
    tags: ["a", null, "b c"],
    counts: new Map([["k", 1n], ["l", null]]),
    address: { x: 1, y: { z: null } },
  });
  batch.append({
    tiny: -128,
    small: -32768,
    medium: -7,
    large: -(2n ** 63n),
    single: 0.1,
    double: 1e7,
    price: Decimal.parse("-0.00000001"),
    text: "a text of more than twenty characters",
    flag: false,
    day: parseDateDays("0001-01-01")!,
    at: micros("0001-01-01T00:00:00"),
    wall: micros("9999-12-31T23:59:59.5"),
    bytes: new Uint8Array(),
    tags: [],
    counts: new Map(),
    address: { x: null, y: null },
  });
  const nothing = Object.fromEntries(Shown.fields.map(({ name }) => [name, null]));
  batch.append(nothing as unknown as typeof Shown["rowType"]);
  batch.append({
    ...plain,
    single: 1e10,
    double: 1e-4,
    price: new Decimal(0n, 0),
    text: "line\nbreak\ttab",
    at: -500_000n,
    bytes: Uint8Array.fromHex("deadbeef"),
  });
  batch.append({
    ...plain,
    single: NaN,
    double: -Infinity,
    text: "日本語テキスト",
    at: micros("1969-12-31T10:00:00"),
    bytes: Uint8Array.fromHex("00112233445566778899"),
  });
  batch.append({ ...plain, single: 3.4e38, double: Number.MAX_VALUE, text: "" });
  batch.append({ ...plain, single: -0, double: 0.001, text: "cr\rand \u0007bell" });
  batch.append({ ...plain, single: 16777216, double: 9999999.999, text: "plain" });
  return batch as unknown as Batch;
}

function micros(text: string): bigint {
  return parseTimestampMicros(text, "forbidden")!;
}
