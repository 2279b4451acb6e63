import { deepEqual, equal, ok } from "assert";
import { Batch, schema as s, type TypeSpec } from "../../lib/core/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import { Random } from "../support/random.ts";
import { expectedRow } from "./json_oracle.ts";
import { recordBlock } from "./record_block.ts";

const Everything = s.struct({
  text: s.string(),
  id: s.long(),
  price: s.decimal(18, 8).from("p"),
  event_time: s.timestamp("ms").from("E"),
  maker: s.boolean(),
  note: s.string().nullable().from('no"te'),
  tiny: s.byte().nullable(),
  small: s.short().nullable(),
  middle: s.integer().nullable(),
  ratio: s.double().nullable(),
  rough: s.float().nullable(),
  share: s.decimal(9, 9).nullable(),
  whole: s.decimal(18, 0).nullable(),
  huge: s.decimal(38, 18).nullable(),
  day: s.date().nullable(),
  at: s.timestamp().nullable(),
  wall: s.timestampNtz().nullable(),
  seconds: s.timestamp("s").nullable(),
  micros: s.timestampNtz("us").nullable(),
  raw: s.binary().nullable(),
  nested: s.struct({ a: s.long(), b: s.array(s.string().nullable()).from("B") }).nullable(),
  counts: s.map(s.long(), s.decimal(10, 2).nullable()).nullable(),
  proto: s.long().nullable().from("__proto__"),
});

const NUMBERS = [
  ...["0", "-0", "1", "-1", "12345", "1672515782136", "9007199254740993", "-9007199254740991"],
  ...["9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"],
  ...["127", "128", "-128", "-129", "32768", "-32769", "2147483648", "-2147483649", "999999999"],
  ...[
    "1.0",
    "1e3",
    "1E400",
    "-1e-400",
    "1e-7",
    "0.1",
    "0.00100000",
    "1.5",
    "-1.005",
    "3.4e38",
    "3.5e38",
  ],
  ...[
    "0.123456789",
    "9999999999.99999999",
    "10000000000",
    "99999999999999999.9",
    "123456789012345678",
  ],
  ...["12345678901234567890.123456789", "99999999999999999999.999999999999999999", "1e19", "1e20"],
  ...[
    "1.7976931348623157e308",
    "5e-324",
    "0.30000000000000004",
    "123456789.123456",
    "0e99999",
    "1e00003",
  ],
  ...[
    "253402300799999",
    "253402300800000",
    "-62135596800000",
    "-62135596800001",
    "99999999999999999",
  ],
  ...[
    "01",
    "-",
    "+1",
    ".5",
    "5.",
    "1e",
    "1e+",
    "--1",
    "NaN",
    "Infinity",
    "-Infinity",
    "0x10",
    "1_000",
  ],
  ...["100000000000000000", "1".repeat(400), `0.${"0".repeat(30)}`, `1${"0".repeat(1100)}`],
];

const TEXTS = [
  ...[
    "",
    "trade",
    "BNBBTC",
    "0.00100000",
    "1e-3",
    "-5",
    "+7.25",
    ".5",
    "5.",
    "007",
    "1e400",
    "NaN",
    " 1",
  ],
  ...[
    "2024-02-29",
    "2023-02-29",
    "0001-01-01",
    "0000-12-31",
    "9999-12-31",
    "2024-13-01",
    "1900-02-29",
  ],
  ...[
    "2024-01-01T00:00:00Z",
    "2024-01-01T23:59:59.999999Z",
    "2024-01-01T00:00:00",
    "1969-12-31T23:59:59.000001",
  ],
  ...[
    "2024-01-01T00:00:60Z",
    "2024-01-01T24:00:00Z",
    "2024-01-01 10:20:30.5+05:30",
    "9999-12-31T23:59:59.999999Z",
  ],
  ...[
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "2024-01-01T00:00Z",
    "2024-01-01T00:00:00.1234567Z",
  ],
  ...[
    "2024-01-01T00:00:00.123456000Z",
    "2024-01-01T00:00:00.Z",
    "2024-01-01T00:00:00.12a",
    "2024-01-01t00:00:00Z",
  ],
  ...[
    "AAEC",
    "AAE=",
    "AAE",
    "!!!!",
    "zażółć gęślą",
    "日本語",
    "😀",
    "\u0000",
    "\ufeff",
    "\u007f\u0080\u07ff\u0800\uffff",
  ],
];

const OTHERS = [
  ...[
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "[null]",
    "[1,[2,{}]]",
    '{"a":1}',
    "nul",
    "True",
    "[1,]",
    "{,}",
  ],
  ...[
    '{"a":1,"B":["x",null]}',
    '{"a":9007199254740993,"B":[]}',
    '{"a":1.0,"B":[]}',
    '{"B":["\\ud800"],"a":1}',
  ],
  ...[
    '{"1":2.5,"-7":"3","1":null}',
    '{"x":1}',
    '{"9223372036854775807":1e1}',
    '{"a":{},"a":1,"B":["\\n"]}',
  ],
  ...[
    '"\\u00e9\\n\\t\\"\\\\\\/\\b\\f\\r"',
    '"\\ud83d\\ude00"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\x41"',
    '"\\u12"',
  ],
  ...[
    '"a\tb"',
    '"a\nb"',
    '"',
    "'a'",
    `${"[".repeat(999)}${"]".repeat(999)}`,
    `${"[".repeat(1000)}${"]".repeat(1000)}`,
  ],
];

const SPACES = ["", "", "", "", " ", "\n", "\r\n\t", "  "];
const NOISE = [
  "\u00a0",
  "\ufeff",
  "\u000b",
  ",",
  "}",
  "{",
  "]",
  ":",
  '"',
  "\\",
  "/**/",
  "x",
  "0",
  "-",
];
const encoder = new TextEncoder();

Deno.test("json() takes the records that JSON.parse takes, with the same values, and no others", async (t) => {
  for (const seed of [1, 2, 3, 4]) {
    await t.step(`seed ${seed}`, () => compare(seed, 4_000));
  }
});

Deno.test("json() reads numbers of any length as BigInt and JSON.parse do", () => {
  const types: TypeSpec<unknown>[] = [
    ...[s.long(), s.integer(), s.double(), s.float(), s.timestamp("s"), s.timestamp("ms")],
    ...[s.decimal(18, 8), s.decimal(18, 0), s.decimal(10, 10), s.decimal(38, 9)],
  ];
  const random = new Random(9);
  for (const type of types) {
    const OfType = s.struct({ v: type });
    const values = Array.from({ length: 3_000 }, () => encoder.encode(`{"v":${digits(random)}}`));
    const batch = new Batch(OfType);
    json(OfType).decode(recordBlock(values), batch);
    const expected = values.map((value) => expectedRow(OfType.fields, value));
    deepEqual([...batch.rows()], expected.filter((row) => row !== undefined));
  }
});

/** A number of up to 20 digits, or a power of two, or one beside it; often negative. */
function digits(random: Random): string {
  const sign = random.pick(["", "-"]);
  if (random.next() < 0.2) {
    return sign + (2n ** BigInt(random.integer(0, 64)) - BigInt(random.integer(0, 1)));
  }
  const length = random.integer(1, 20);
  const text = Array.from({ length }, () => random.pick([0, 9, random.integer(0, 9)])).join("")
    .replace(/^0+(?=.)/, "");
  const point = random.integer(1, text.length);
  const number = random.next() < 0.5 || point === text.length
    ? text
    : `${text.slice(0, point)}.${text.slice(point)}`;
  return sign + number;
}

function compare(seed: number, records: number): void {
  const random = new Random(seed);
  const decoder = json(Everything);
  let accepted = 0;
  for (let done = 0; done < records;) {
    const values = Array.from({ length: random.integer(1, 50) }, () => randomRecord(random));
    done += values.length;
    const batch = new Batch(Everything);
    const rejections = decoder.decode(recordBlock(values), batch);
    ok(Array.isArray(rejections));
    const rejected = new Map(rejections.map(({ index, error }) => [index, error]));
    let row = 0;
    values.forEach((value, i) => {
      const expected = expectedRow(Everything.fields, value);
      const error = rejected.get(i);
      const name = () => `${new TextDecoder().decode(value).slice(0, 2000)} => ${error}`;
      equal(error === undefined, expected !== undefined, name());
      if (expected !== undefined) deepEqual(batch.row(row++), expected, name());
      else ok(error !== undefined && error.length < 500 && !error.includes("\0"), name());
    });
    accepted += row;
    equal(batch.numRows, row);
    ok(batch.columns.every((column) => column.length === row));
  }
  // Both ways through the decoder are worth the time only if they are both taken.
  ok(accepted > records / 5 && accepted < records * 0.9, `${accepted} of ${records} accepted`);
}

function randomRecord(random: Random): Uint8Array {
  const members: [name: string, value: string][] = [
    ["text", `"${random.pick(["trade", "日本語", "", "x".repeat(100)])}"`],
    ["id", String(random.integer(-(2 ** 40), 2 ** 52))],
    ["p", random.pick(['"0.00100000"', "1.5", '"123456789.87654321"', '"-42"', "1e-8"])],
    ["E", String(1672515782136 + random.integer(-1e6, 1e6))],
    ["maker", random.pick(["true", "false"])],
  ];
  for (const field of Everything.fields.slice(5)) {
    if (random.next() < 0.2) members.push([field.sourceName, goodValue(random, field.name)]);
  }
  const unusual = random.next();
  if (unusual < 0.5) {
    for (let i = random.integer(1, 2); i > 0; i--) {
      const name = random.next() < 0.8 ? random.pick(Everything.fields).sourceName : "unknown";
      const value = anyValue(random);
      const at = members.findIndex(([member]) => member === name);
      if (at >= 0 && random.next() < 0.8) members[at] = [name, value];
      else members.splice(random.integer(0, members.length), 0, [name, value]);
    }
  }
  if (random.next() < 0.3) members.sort(() => random.next() - 0.5);
  if (random.next() < 0.03) members.splice(random.integer(0, members.length - 1), 1);
  const spaced = random.next() < 0.3;
  const space = () => spaced ? random.pick(SPACES) : "";
  const body = members.map(([name, value]) =>
    `${space()}${nameText(random, name)}${space()}:${space()}${value}${space()}`
  );
  const bytes = encoder.encode(`${space()}{${body.join(",")}}${space()}`);
  return random.next() < 0.25 ? mutated(random, bytes) : bytes;
}

function goodValue(random: Random, column: string): string {
  switch (column) {
    case "note":
      return random.pick(['"a\\nb"', '"plain"', "null"]);
    case "share":
      return random.pick(["0.123456789", '"0"', "null", "1e-9"]);
    case "huge":
      return random.pick(["1e19", '"12345678901234567890.123456789"']);
    case "day":
      return `"${random.integer(1, 9999).toString().padStart(4, "0")}-02-${random.pick([28, 29])}"`;
    case "at":
      return `"${new Date(random.integer(-6e13, 2.5e14)).toISOString()}"`;
    case "wall":
      return `"${
        new Date(random.integer(-6e13, 2.5e14)).toISOString().slice(0, random.integer(16, 23))
      }"`;
    case "raw":
      return random.pick(['"AAEC"', '""']);
    case "nested":
      return random.pick([
        '{"a":1,"B":["x",null,"\\u00e9"]}',
        '{"B":[],"c":{},"a":-9007199254740993}',
      ]);
    case "counts":
      return random.pick(["{}", '{"5":1.25,"6":null,"-9007199254740993":"7"}']);
    default:
      return String(random.integer(-128, 127));
  }
}

function anyValue(random: Random): string {
  const kind = random.next();
  if (kind < 0.4) return random.pick(NUMBERS);
  if (kind < 0.5) {
    const digits = () => Array.from({ length: random.integer(1, 20) }, () => random.integer(0, 9));
    const number = `${random.pick(["", "-"])}${digits().join("")}.${digits().join("")}`;
    return random.pick([number, `"${number}"`, number.split(".")[0]!.replace(/^(-?)0+/, "$1")]);
  }
  if (kind < 0.75) return JSON.stringify(random.pick(TEXTS));
  return random.pick(OTHERS);
}

function nameText(random: Random, name: string): string {
  const text = JSON.stringify(name);
  if (random.next() > 0.02) return text;
  return text.replace(/[a-z]/, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

function mutated(random: Random, bytes: Uint8Array): Uint8Array {
  const at = random.integer(0, bytes.length - 1);
  switch (random.integer(0, 5)) {
    case 0: { // one bit
      const copy = bytes.slice();
      copy[at]! ^= 1 << random.integer(0, 7);
      return copy;
    }
    case 1: { // any byte: control characters, broken UTF-8
      const copy = bytes.slice();
      copy[at] = random.integer(0, 255);
      return copy;
    }
    case 2:
      return bytes.slice(0, at);
    case 3: // bytes lost
      return joined(bytes.slice(0, at), bytes.slice(at + random.integer(1, 3)));
    case 4:
      return joined(bytes.slice(0, at), encoder.encode(random.pick(NOISE)), bytes.slice(at));
    default:
      return joined(
        random.next() < 0.3 ? encoder.encode("\ufeff") : new Uint8Array(),
        bytes,
        random.next() < 0.7 ? encoder.encode(random.pick(NOISE)) : new Uint8Array(),
      );
  }
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
