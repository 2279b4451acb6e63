import {
  type DataType,
  type Schema,
  SluiceError,
  type StructField,
  typeName,
} from "../../core/mod.ts";
import type { AnswerRow, PostgresConnection } from "../connection.ts";
import { quoteName } from "../table.ts";

const INTEGERS = ["smallint", "integer", "bigint"];

/** The types of Postgres whose values are all of a type, or are looked at one by one. */
const READABLE: Readonly<Record<string, readonly string[]>> = {
  binary: ["bytea"],
  boolean: ["boolean"],
  byte: INTEGERS,
  short: INTEGERS,
  integer: INTEGERS,
  long: INTEGERS,
  float: ["real", "smallint"],
  double: ["double precision", "real", "smallint", "integer"],
  decimal: ["numeric", ...INTEGERS],
  date: ["date"],
  timestamp: ["timestamp with time zone"],
  timestamp_ntz: ["timestamp without time zone"],
};
const NESTED = ["jsonb", "json", "an array", "a composite type"];

/** What types are, without the bounds of a domain. */
const TYPES_SQL = `select given.oid::text as oid, case
    when type.typcategory = 'A' then 'an array'
    when type.typtype = 'c' then 'a composite type'
    else format_type(type.oid, null) end as type
from unnest($1::text::oid[]) as given (oid)
join pg_type as named on named.oid = given.oid
join pg_type as type on type.oid = coalesce(nullif(named.typbasetype, 0), named.oid)`;

/**
 * Makes sure that a table or subquery has the columns of a schema, of types that can be read as those.
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH` naming every column that does not fit.
 */
export async function checkReadable(
  connection: PostgresConnection,
  attempted: string,
  source: string,
  { fields }: Schema<unknown>,
): Promise<void> {
  const { columns } = await connection.query(`select * from ${source} limit 0`);
  const oids = columns.map(({ type }) => type);
  const { rows } = await connection.query(TYPES_SQL, [`{${oids.join(",")}}`]);
  const mismatches = fields.flatMap((field) => {
    const column = columns.find(({ name }) => name === field.name);
    const found = column === undefined ? "no such column" : typeOf(rows, column.type);
    const wanted = readableTypes(field.type);
    if (column !== undefined && (wanted === undefined || wanted.includes(found))) return [];
    const types = wanted === undefined ? "" : ` from ${wanted.join(", ")}`;
    return [`${field.name}: ${found}, wanted ${typeName(field.type)}${types}`];
  });
  if (mismatches.length === 0) return;
  throw new SluiceError("SCHEMA_MISMATCH", {
    attempted,
    where: connection.where,
    found: `columns that do not fit the schema:\n  ${mismatches.join("\n  ")}`,
    hint: "declare the columns as they are, or read a query that casts them",
  });
}

/** SQL for the value of a column as the text that `parseText` reads. */
export function textExpression({ name, type }: StructField): string {
  const column = quoteName(name);
  if (typeof type === "object" && type.type !== "decimal") return `to_jsonb(${column})::text`;
  if (type === "binary") return `encode(${column}, 'hex')`;
  // The shortest text of a `real` is that of another number as a double.
  if (type === "double") return `${column}::double precision::text`;
  return `${column}::text`;
}

/** `undefined`: all of them. */
function readableTypes(type: DataType): readonly string[] | undefined {
  if (type === "string") return undefined;
  const name = typeof type === "string" ? type : type.type;
  return READABLE[name] ?? NESTED;
}

function typeOf(types: readonly AnswerRow[], oid: number): string {
  return String(types.find((type) => type.oid === String(oid))?.type);
}
