import type { Schema, StructField, UpsertRules } from "../../core/mod.ts";
import { STAGED_DELETES, STAGED_ROWS } from "./staging.ts";
import { nameList, quoteName, quoteTable, type TableName } from "../table.ts";

/** The statements that bring staged rows into a table by key. */
export class UpsertSql {
  readonly #table: string;
  readonly #rules: UpsertRules;
  readonly #columns: string;

  /** Takes the columns of the rows; the table may have more. */
  constructor(table: TableName, rules: UpsertRules, schema: Schema) {
    this.#table = quoteTable(table);
    this.#rules = rules;
    this.#columns = nameList(schema.fields.filter(({ name }) => name !== rules.unavailable?.name));
  }

  /** Finds a key that two of the staged rows have, its values as text. */
  get duplicateKeys(): string {
    const { key } = this.#rules;
    const names = nameList(key);
    const texts = key.map(({ name }) => `${quoteName(name)}::text`).join(", ");
    return `select ${texts} from (
  select ${names} from ${STAGED_ROWS} union all select ${names} from ${STAGED_DELETES}
) as staged group by ${names} having count(*) > 1 limit 1`;
  }

  /** Deletes the rows whose keys are gone, of keys in which exactly these columns are null. */
  deleteRows(nullKeys: ReadonlySet<string>): string {
    const { key, orderBy } = this.#rules;
    const conditions = key.map(({ name }) => {
      const column = quoteName(name);
      return nullKeys.has(name)
        ? `target.${column} is null and gone.${column} is null`
        : `target.${column} = gone.${column}`;
    });
    if (orderBy !== undefined) conditions.push(isAtLeastAsNew("gone", orderBy));
    return `delete from ${this.#table} as target using ${STAGED_DELETES} as gone
where ${conditions.join(" and ")}`;
  }

  /**
   * Inserts staged rows, each in the place of the one that has its key: those with this number, which
   * lack values for these columns.
   */
  upsert(number: number, unavailable: readonly string[]): string {
    const { key, orderBy, schema } = this.#rules;
    const where = orderBy === undefined ? "" : ` where ${isAtLeastAsNew("excluded", orderBy)}`;
    const stay = [...key.map(({ name }) => name), ...unavailable];
    const set = schema.fields.filter(({ name }) => !stay.includes(name)).map(({ name }) =>
      `${quoteName(name)} = excluded.${quoteName(name)}`
    );
    const action = set.length === 0 ? "nothing" : `update set ${set.join(", ")}${where}`;
    return `insert into ${this.#table} as target (${nameList(schema.fields)})
${this.#source(number)}
on conflict (${nameList(key)}) do ${action}`;
  }

  #source(number: number): string {
    const columns = this.#columns;
    const { unavailable, deletedColumn } = this.#rules;
    const where = unavailable === undefined
      ? ""
      : ` where ${quoteName(unavailable.name)} = ${number}`;
    if (deletedColumn === undefined) return `select ${columns} from ${STAGED_ROWS}${where}`;
    return `select ${columns}, false from ${STAGED_ROWS}${where}
union all select ${columns}, true from ${STAGED_DELETES}${where}`;
  }
}

/** Null comes before all else; text is compared by its bytes, whatever the database's language is. */
function isAtLeastAsNew(row: "excluded" | "gone", { name, type }: StructField): string {
  const column = `${quoteName(name)}${type === "string" ? ' collate "C"' : ""}`;
  return `(target.${quoteName(name)} is null or ${row}.${column} >= target.${column})`;
}
