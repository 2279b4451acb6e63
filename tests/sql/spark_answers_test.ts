import { deepEqual, equal, ok, throws } from "assert";
import {
  Batch,
  type DataType,
  Decimal,
  Schema,
  type StructField,
  typeName,
} from "../../lib/core/mod.ts";
import { bindExpression } from "../../lib/sql/mod.ts";

/** What `make_spark_answers.py` printed. */
interface SparkAnswers {
  readonly columns: Readonly<Record<string, string>>;
  readonly rows: readonly (readonly Value[])[];
  readonly answers: readonly Answer[];
}

interface Answer {
  readonly sql: string;
  readonly type?: string;
  readonly values?: readonly Value[];
  /** The code of ours for what Spark refused, or could not evaluate. */
  readonly error?: "BAD_EXPRESSION" | "BAD_VALUE";
}

type Value = string | boolean | null;

const SPARK_NAMES: Readonly<Record<string, DataType>> = {
  tinyint: "byte",
  smallint: "short",
  int: "integer",
  bigint: "long",
};

const { columns, rows, answers }: SparkAnswers = JSON.parse(
  await Deno.readTextFile(new URL("spark_answers.json", import.meta.url)),
);
const schema = new Schema(
  Object.entries(columns).map(([name, type]): StructField => ({
    name,
    type: typeOf(type),
    nullable: true,
    sourceName: name,
  })),
);
const batch = new Batch(schema);
for (const row of rows) {
  batch.append(
    Object.fromEntries(
      schema.fields.map(({ name, type }, i) => [name, fromText(row[i] ?? null, type)]),
    ),
  );
}

Deno.test("expressions have the types and the values that Spark gives them", () => {
  ok(answers.length > 300);
  for (const { sql, type, values } of answers) {
    if (type === undefined || values === undefined) continue;
    const bound = bindExpression(sql, schema);
    equal(typeName(bound.type), typeName(typeOf(type)), sql);
    const column = bound.evaluate(batch);
    const ours = Array.from({ length: column.length }, (_, row) => column.get(row));
    const theirs = values.map((value) => fromText(value, bound.type));
    deepEqual(ours.map(plain), theirs.map(plain), sql);
  }
});

Deno.test("what Spark refuses or cannot evaluate is an error here", () => {
  const failing = answers.filter(({ error }) => error !== undefined);
  ok(failing.length > 20);
  for (const { sql, error } of failing) {
    throws(() => bindExpression(sql, schema).evaluate(batch), { code: error }, sql);
  }
});

function typeOf(name: string): DataType {
  const decimal = /^decimal\((\d+),(\d+)\)$/.exec(name);
  return decimal === null
    ? SPARK_NAMES[name] ?? name as DataType
    : { type: "decimal", precision: Number(decimal[1]), scale: Number(decimal[2]) };
}

/** A value as rows hold it. */
function fromText(value: Value, type: DataType): unknown {
  if (typeof value !== "string" || type === "string") return value;
  if (typeof type === "object") return Decimal.parse(value);
  switch (type) {
    case "long":
    case "timestamp":
    case "timestamp_ntz":
      return BigInt(value);
    case "binary":
      return Uint8Array.fromHex(value);
    default:
      return value === "nan" ? NaN : Number(value.replace("inf", "Infinity"));
  }
}

/** Spark tells 0 from -0 only in text. */
function plain(value: unknown): unknown {
  return value === 0 ? 0 : value instanceof Decimal ? String(value) : value;
}
