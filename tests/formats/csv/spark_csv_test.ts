import { deepEqual, ok } from "assert";
import {
  Batch,
  Decimal,
  formatDateDays,
  formatTimestampMicros,
  Schema,
  schema as s,
  type StructField,
  type TypeSpec,
} from "../../../lib/core/mod.ts";
import { files } from "../../../lib/files/mod.ts";
import { csv } from "../../../lib/formats/csv/mod.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import answers from "./spark_csv.json" with { type: "json" };

const TYPES: Readonly<Record<string, TypeSpec<unknown>>> = {
  string: s.string(),
  int: s.integer(),
  bigint: s.long(),
  smallint: s.short(),
  tinyint: s.byte(),
  double: s.double(),
  float: s.float(),
  "decimal(9,2)": s.decimal(9, 2),
  "decimal(38,10)": s.decimal(38, 10),
  boolean: s.boolean(),
  date: s.date(),
  timestamp: s.timestamp(),
  timestamp_ntz: s.timestampNtz(),
};

Deno.test("files() and csv() find in CSV what Spark finds in it", async () => {
  ok(answers.length > 40);
  for (const { schema, options, text, rows } of answers) {
    const context = JSON.stringify({ schema, options, text });
    deepEqual([context, await rowsIn(text, schema, options)], [context, rows]);
  }
});

/** The rows of a file, null in the place of one that is rejected. */
async function rowsIn(
  text: string,
  schemaText: string,
  options: Readonly<Record<string, string | undefined>>,
): Promise<(unknown[] | null)[]> {
  await using folder = await tempFolder();
  await folder.write("in/case.csv", text);
  const { multiLine: _, header, nullValue, ...dialect } = options;
  const source = files({
    path: `${folder.path}/in`,
    format: "csv",
    header: header === "true",
    ...dialect as Record<string, string>,
  });
  await source.open?.(`${folder.path}/own`);
  const { signal } = new AbortController();
  const latest = await source.latestOffsets(signal);
  const schema = schemaOf(schemaText);
  const decoder = csv(schema, nullValue === undefined ? {} : { nullValue });
  const rows: (unknown[] | null)[] = [];
  for await (const block of source.read({}, latest, { signal })) {
    const batch = new Batch(schema);
    const rejected = new Set((await decoder.decode(block, batch)).map(({ index }) => index));
    let next = 0;
    for (let i = 0; i < block.count; i++) {
      rows.push(rejected.has(i) ? null : valuesOf(schema, batch.row(next++)));
    }
  }
  await source.close();
  return rows;
}

/** `a int, b decimal(9,2)`. */
function schemaOf(text: string): Schema {
  return new Schema(
    text.split(", ").map((field): StructField => {
      const [name, type] = field.split(" ") as [string, string];
      return { name, type: TYPES[type]!.type, nullable: true, sourceName: name };
    }),
  );
}

/** Values as Python writes them. */
function valuesOf({ fields }: Schema, row: Record<string, unknown>): unknown[] {
  return fields.map(({ name, type }) => {
    const value = row[name];
    if (value === null) return null;
    if (value instanceof Decimal) return String(value).replace(/\.?0+$/, "");
    switch (type) {
      case "boolean":
        return value === true ? "True" : "False";
      case "date":
        return formatDateDays(value as number);
      case "timestamp":
      case "timestamp_ntz":
        return formatTimestampMicros(value as bigint).replace("T", " ").replace(/\.000000$/, "");
      case "double":
      case "float":
        return pythonFloat(value as number);
      default:
        return String(value);
    }
  });
}

function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  const text = Object.is(value, -0) ? "-0" : String(value);
  return Number.isInteger(value) ? `${text}.0` : text;
}
