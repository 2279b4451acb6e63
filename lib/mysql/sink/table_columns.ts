import type { MysqlConnection } from "../connection.ts";
import type { TableName } from "../table.ts";
import { textLiteral } from "../values/literals.ts";

/** A column of a table, as the server describes it. */
export interface TableColumn {
  readonly name: string;
  /** The type without its arguments: `decimal`. */
  readonly dataType: string;
  /** The whole type: `decimal(18,8)`, `bigint(20) unsigned`. */
  readonly columnType: string;
  /** Of texts; `null`: it holds none. */
  readonly characterSet: string | null;
  readonly collation: string | null;
  /** The longest text or bytes; `undefined`: it holds neither. */
  readonly maxBytes: number | undefined;
  /** The longest text, in characters. */
  readonly maxCharacters: number | undefined;
  readonly precision: number | undefined;
  /** Digits behind the point. */
  readonly scale: number | undefined;
  /** Digits of a second. */
  readonly fraction: number | undefined;
  readonly isNullable: boolean;
  readonly hasDefault: boolean;
  readonly isAutoIncrement: boolean;
  /** What it is computed from; `undefined`: it is stored as it comes. */
  readonly expression: string | undefined;
  readonly isInPrimaryKey: boolean;
}

/** The columns of a table, in order; none where it does not exist. */
export async function readTableColumns(
  connection: MysqlConnection,
  table: TableName,
): Promise<TableColumn[]> {
  const { rows } = await connection.query(`select column_name as name, data_type as data_type,
  column_type as column_type, character_set_name as charset, collation_name as collation,
  character_octet_length as max_bytes, character_maximum_length as max_characters,
  numeric_precision as number_precision, numeric_scale as number_scale,
  datetime_precision as fraction, is_nullable as is_nullable, column_default as column_default,
  extra as extra, generation_expression as expression, column_key as column_key
from information_schema.columns where ${isTable(table)} order by ordinal_position`);
  return rows.map((row) => {
    const extra = (row.extra ?? "").toLowerCase();
    const isAutoIncrement = extra.includes("auto_increment");
    return {
      name: row.name!,
      dataType: row.data_type!.toLowerCase(),
      columnType: row.column_type!,
      characterSet: row.charset ?? null,
      collation: row.collation ?? null,
      maxBytes: numberOf(row.max_bytes),
      maxCharacters: numberOf(row.max_characters),
      precision: numberOf(row.number_precision),
      scale: numberOf(row.number_scale),
      fraction: numberOf(row.fraction),
      isNullable: row.is_nullable === "YES",
      hasDefault: row.column_default !== null || isAutoIncrement,
      isAutoIncrement,
      expression: row.expression || undefined,
      isInPrimaryKey: row.column_key === "PRI",
    };
  });
}

/** A unique index over whole columns of all rows. */
export interface UniqueIndex {
  readonly name: string;
  readonly columns: readonly string[];
}

/** The unique indexes of a table; one over a part of a column or an expression has no columns. */
export async function readUniqueIndexes(
  connection: MysqlConnection,
  table: TableName,
): Promise<UniqueIndex[]> {
  const { rows } = await connection.query(`select index_name as name, column_name as column_name,
  sub_part as prefix
from information_schema.statistics where ${isTable(table)} and non_unique = 0
order by index_name, seq_in_index`);
  const byName = Map.groupBy(rows, ({ name }) => name!);
  return [...byName].map(([name, parts]) => {
    const isWhole = parts.every((part) => part.column_name !== null && part.prefix === null);
    return { name, columns: isWhole ? parts.map((part) => part.column_name!) : [] };
  });
}

/** What kind of table it is, and where it is kept; `undefined`: there is none of that name. */
export async function readTableKind(
  connection: MysqlConnection,
  table: TableName,
): Promise<{ readonly kind: string; readonly engine: string | null } | undefined> {
  const { rows } = await connection.query(
    `select table_type as kind, engine as engine from information_schema.tables
where ${isTable(table)}`,
  );
  const row = rows[0];
  return row === undefined ? undefined : { kind: row.kind!, engine: row.engine ?? null };
}

function isTable({ database, table }: TableName): string {
  const schema = database === undefined ? "database()" : textLiteral(database);
  return `table_schema = ${schema} and table_name = ${textLiteral(table)}`;
}

function numberOf(text: string | null | undefined): number | undefined {
  return text === null || text === undefined ? undefined : Number(text);
}
