import type postgres from "postgres";
import { Decimal } from "../../lib/core/mod.ts";
import { DeltaTable } from "../../lib/delta/mod.ts";
import type { ForeignRecord } from "../kafka/foreign_client.ts";

/**
 * A row as one text that is the same from every sink, whatever the order of its columns: numbers with
 * all their digits, timestamps in microseconds since 1970.
 */
export function rowText(row: unknown): string {
  return JSON.stringify(plain(row));
}

/** The rows of a Postgres table, as SQL tells them; sorted. */
export async function postgresRows(sql: postgres.Sql, table: string): Promise<string[]> {
  const rows = await sql`select to_jsonb(t)::text as row from ${sql(table)} t`;
  return rows.map(({ row }) => rowText(parseExactly(row))).sort();
}

/** The rows of a Delta table; sorted. */
export async function deltaRows(path: string): Promise<string[]> {
  const table = await DeltaTable.open(path);
  return (await Array.fromAsync(table.rows(), rowText)).sort();
}

/** The row that a record of JSON is. */
export function recordRow({ value }: ForeignRecord): string {
  return rowText(parseExactly(value!));
}

/** What a compacted topic would come to: the newest value of each key, without tombstones; sorted. */
export function newestRows(records: readonly ForeignRecord[]): string[] {
  const newest = new Map(records.map((record) => [record.key, record]));
  return [...newest.values()].filter(({ value }) => value !== null).map(recordRow).sort();
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

/** JSON with its numbers as they are written. */
function parseExactly(text: string): unknown {
  type Reviver = (key: string, value: unknown, context: { source: string }) => unknown;
  const reviver: Reviver = (_, value, { source }) => typeof value === "number" ? source : value;
  return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]);
}

function plain(value: unknown): unknown {
  if (value === null) return null;
  if (typeof value === "string" && ISO_TIME.test(value)) return `${Date.parse(value)}000`;
  if (typeof value !== "object" || value instanceof Decimal) return String(value);
  const entries = Object.entries(value).map(([name, each]) => [name, plain(each)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
}
