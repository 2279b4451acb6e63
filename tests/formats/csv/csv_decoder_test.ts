import { deepEqual, equal, throws } from "assert";
import {
  Batch,
  type DataType,
  formatDateDays,
  formatTimestampMicros,
  type RecordBlock,
  type RecordHeader,
  Schema,
  schema as s,
} from "../../../lib/core/mod.ts";
import {
  csv,
  csvDialect,
  type CsvOptions,
  csvRecordHeaders,
} from "../../../lib/formats/csv/mod.ts";
import { randomRow } from "../../core/random_values.ts";
import { Random } from "../../support/random.ts";
import { EveryType } from "../../support/sample_rows.ts";
import { recordBlock } from "../record_block.ts";

const encoder = new TextEncoder();
const Plain = new Schema(
  EveryType.fields.filter(({ type }) => typeof type === "string" || type.type === "decimal"),
);
const Item = s.struct({ id: s.long(), name: s.string().nullable() });

Deno.test("csv() reads values of every type back to the last digit", async () => {
  const random = new Random(41);
  const dialects: CsvOptions[] = [{}, { sep: ";", quote: "'" }, { sep: "\t", escape: "\\" }];
  for (const options of dialects) {
    const rows = Array.from({ length: 400 }, () => randomRow(random, Plain.fields));
    const lines = rows.map((row) =>
      Plain.fields.map(({ name, type }) => fieldText(random, type, row[name], options))
        .join(options.sep ?? ",")
    );
    const batch = new Batch(Plain);
    deepEqual(await csv(Plain, options).decode(recordBlock(lines), batch), []);
    deepEqual([...batch.rows()], rows);
  }
});

Deno.test("csv() takes an empty field and nullValue for null, but nothing in quotes", () => {
  const nullable = s.struct({ a: s.string().nullable(), b: s.string().nullable() });
  deepEqual(rowsOf(nullable, [",", '"",""', "NULL,NA", '"NA",x'], { nullValue: "NA" }), [
    { a: null, b: null },
    { a: "", b: "" },
    { a: "NULL", b: null },
    { a: "NA", b: "x" },
  ]);
  deepEqual(errorsOf(s.struct({ a: s.string(), b: s.long() }), [",1", '"",', "x,1"]), [
    "0 field 1 (column a): found null, wanted string",
    "1 field 2 (column b): found null, wanted long",
  ]);
});

Deno.test("csv() says which field is wrong, what was found and what was wanted", () => {
  const Trade = s.struct({
    id: s.long(),
    size: s.short(),
    price: s.decimal(6, 2),
    at: s.timestamp(),
    ms: s.timestamp("ms"),
    wall: s.timestampNtz(),
    day: s.date(),
    flag: s.boolean(),
    ratio: s.float(),
    bytes: s.binary(),
  });
  const good = ["1", "2", "3.5", "2024-01-02T03:04:05Z", "5", "2024-01-02 03:04", "2024-01-02"]
    .concat(["true", "0.5", "AP8="]);
  const wrong: [column: number, text: string, problem: string][] = [
    [0, "1.0", 'found "1.0", wanted long'],
    [0, "9223372036854775808", 'overflow: found "9223372036854775808", wanted long'],
    [0, '""', 'found "", wanted long'],
    [0, " 1", 'found " 1", wanted long'],
    [1, "32768", 'overflow: found "32768", wanted short'],
    [1, "+-1", 'found "+-1", wanted short'],
    [2, "1.005", 'more than 2 decimals: found "1.005", wanted decimal(6,2)'],
    [2, "10000", 'overflow: found "10000", wanted decimal(6,2)'],
    [2, "1,5", 'found 11 fields set apart by ",", wanted 10'],
    [3, "noon", 'found "noon", wanted timestamp (ISO 8601 text)'],
    [4, "1.5", 'found "1.5", wanted timestamp (an integer of ms since 1970)'],
    [4, "999999999999999", 'overflow: found "999999999999999", wanted timestamp (an integer of ms'],
    [5, "2024-01-02T03:04:05Z", "wanted timestamp_ntz (ISO 8601 text without a zone)"],
    [6, "2023-02-29", 'found "2023-02-29", wanted date (YYYY-MM-DD)'],
    [7, "yes", 'found "yes", wanted boolean (true or false)'],
    [8, "1e39", 'overflow: found "1e39", wanted float'],
    [8, "one", 'found "one", wanted float'],
    [9, "not base64!", 'found "not base64!", wanted binary (base64 text)'],
  ];
  deepEqual(errorsOf(Trade, [good.join(",")]), []);
  for (const [column, text, problem] of wrong) {
    const line = good.with(column, text).join(",");
    const [error = ""] = errorsOf(Trade, [line]);
    const place = problem.startsWith("found 11")
      ? "0 "
      : `0 field ${column + 1} (column ${Trade.fields[column]!.name}): `;
    equal(error.startsWith(place) && error.includes(problem), true, `${text}: ${error}`);
  }
  const bytes = new Uint8Array([0x31, 0x2c, 0xff]);
  deepEqual(errorsOf(Item, [bytes, '1,"a', '1,"a"b', null, "1"]), [
    "0 field 2 (column name): found bytes that are not UTF-8, wanted string",
    "1 field 2: the quote that opens it is never closed",
    "2 field 2: text behind the quote that closes it",
    "3 value is null (a tombstone)",
    '4 found 1 field set apart by ",", wanted 2',
  ]);
});

Deno.test("csv() keeps no part of a rejected row, and takes a line break at a record's end", () => {
  const Pair = s.struct({ a: s.string(), b: s.long() });
  deepEqual(rowsOf(Pair, ["x,1\r\n", "lost,no", "y,2\n"], {}, 1), [
    { a: "x", b: 1n },
    { a: "y", b: 2n },
  ]);
});

Deno.test("csv() finds columns by the names that records carry", () => {
  const Named = s.struct({
    id: s.long().from("trade id"),
    note: s.string().nullable(),
    missing: s.string().nullable(),
  });
  const named = carrying({ sep: ";" }, 'extra;note;"trade id"');
  deepEqual(rowsOf(Named, [withHeaders(["x;hello;7", ";;8"], named)]), [
    { id: 7n, note: "hello", missing: null },
    { id: 8n, note: null, missing: null },
  ]);
  deepEqual(errorsOf(Named, [withHeaders(["x;hello", ";;no"], named)]), [
    '0 found 2 fields set apart by ";", wanted 3',
    '1 field "trade id" (column id): found "no", wanted long',
  ]);
  const headers: [header: string, error: string][] = [
    ["note", '0 field "trade id" (column id) is not in the header of the file'],
    ["trade id;trade id", '0 header of the file: "trade id" is in it twice'],
    ['trade id;"note', "0 header of the file: field 2: the quote that opens it is never closed"],
  ];
  for (const [header, error] of headers) {
    deepEqual(errorsOf(Named, [withHeaders(["7"], carrying({ sep: ";" }, header))]), [error]);
  }
});

Deno.test("csv() follows records from one file to the next, and back to those without a header", () => {
  const blocks = [
    withHeaders(["1,one"], carrying({}, "id,name")),
    withHeaders(["two|2"], carrying({ sep: "|" }, "name|id")),
    recordBlock(["3,three"]),
    withHeaders(["four;4"], carrying({ sep: ";" }, "name;id")),
  ];
  deepEqual(rowsOf(Item, blocks), [
    { id: 1n, name: "one" },
    { id: 2n, name: "two" },
    { id: 3n, name: "three" },
    { id: 4n, name: "four" },
  ]);
});

Deno.test("csv() refuses a dialect that is not the one the records were told apart by", () => {
  const block = withHeaders(["1;x"], carrying({ sep: ";" }, undefined));
  const decode = (options: CsvOptions) => csv(Item, options).decode(block, new Batch(Item));
  deepEqual(decode({}), []);
  deepEqual(decode({ sep: ";" }), []);
  throws(() => decode({ sep: "," }), { code: "BAD_OPTION", message: /found ",", wanted ";"/ });
  throws(() => decode({ escape: "\\" }), { code: "BAD_OPTION", message: /option "escape"/ });
});

Deno.test("csv() refuses types without a text and options that make no sense", () => {
  throws(() => csv(s.struct({ tags: s.array(s.string()) })), {
    code: "BAD_SCHEMA",
    message: /column "tags": found type array/,
  });
  const refused: CsvOptions[] = [
    { sep: "" },
    { sep: ";;" },
    { sep: "§" },
    { sep: "\n" },
    { quote: "ab" },
    { sep: '"' },
    { quote: "", escape: "\\" },
    { nullValue: 1 as unknown as string },
  ];
  for (const options of refused) {
    throws(() => csv(Item, options), { code: "BAD_OPTION" }, JSON.stringify(options));
  }
  const misspelt = { sep: ",", delimiter: ";" };
  throws(() => csv(Item, misspelt), { code: "UNKNOWN_OPTION" });
});

type Records = readonly (string | Uint8Array | null)[] | readonly RecordBlock[];

function rowsOf<Row>(
  schema: Schema<Row>,
  records: Records,
  options: CsvOptions = {},
  numRejected = 0,
): Row[] {
  const { batch, errors } = decoded(schema, records, options);
  equal(errors.length, numRejected, errors.join("\n"));
  return [...batch.rows()];
}

function errorsOf<Row>(schema: Schema<Row>, records: Records): string[] {
  return decoded(schema, records, {}).errors;
}

function decoded<Row>(
  schema: Schema<Row>,
  records: Records,
  options: CsvOptions,
): { batch: Batch<Row>; errors: string[] } {
  const decoder = csv(schema, options);
  const batch = new Batch(schema);
  const errors: string[] = [];
  for (const block of blocksOf(records)) {
    const rejections = decoder.decode(block, batch) as { index: number; error: string }[];
    errors.push(...rejections.map(({ index, error }) => `${index} ${error}`));
  }
  return { batch, errors };
}

function blocksOf(records: Records): readonly RecordBlock[] {
  const [first] = records;
  return typeof first === "object" && first !== null && "count" in first
    ? records as readonly RecordBlock[]
    : [recordBlock(records as readonly (string | Uint8Array | null)[])];
}

function withHeaders(values: readonly string[], headers: RecordHeader[]): RecordBlock {
  // Another array for each record, as records of Kafka have.
  return { ...recordBlock(values), headers: () => [...headers] };
}

function carrying(options: CsvOptions, headerLine: string | undefined): RecordHeader[] {
  const line = headerLine === undefined ? undefined : encoder.encode(headerLine);
  return csvRecordHeaders(csvDialect("test", options), line);
}

/** A value as CSV has it, written without any of the library's code for it. */
function fieldText(
  random: Random,
  type: DataType,
  value: unknown,
  { sep = ",", quote = '"', escape = quote }: CsvOptions,
): string {
  if (value === null) return "";
  const text = plainText(random, type, value);
  const mustQuote = text === "" || text.includes(sep) || text.startsWith(quote) ||
    /[\r\n]/.test(text);
  if (!mustQuote && random.next() < 0.7) return text;
  const escaped = escape === quote
    ? text.replaceAll(quote, quote + quote)
    : text.replaceAll(escape, escape + escape).replaceAll(quote, escape + quote);
  return quote + escaped + quote;
}

function plainText(random: Random, type: DataType, value: unknown): string {
  switch (type) {
    case "date":
      return formatDateDays(value as number);
    case "timestamp": {
      const text = formatTimestampMicros(value as bigint);
      return random.pick([`${text}Z`, `${text.replace("T", " ")}+00:00`, text]);
    }
    case "timestamp_ntz":
      return formatTimestampMicros(value as bigint).replace("T", random.pick(["T", " "]));
    case "binary":
      return (value as Uint8Array).toBase64();
    case "boolean":
      return random.pick([String(value), String(value).toUpperCase()]);
    case "byte":
    case "short":
    case "integer":
    case "long":
      return random.next() < 0.1 && BigInt(value as bigint) >= 0 ? `+00${value}` : String(value);
    case "float":
    case "double":
      return Object.is(value, -0) ? "-0" : String(value);
    default:
      return String(value);
  }
}
