import type { StructField, UpsertRules } from "../../core/mod.ts";
import { indexColumns, KEY_HASH } from "./key_hash.ts";
import { STAGED_DELETES, STAGED_ROWS } from "./staging.ts";
import { nameList, quoteName, quoteTable, type TableName } from "../table.ts";

/** The statements that bring staged rows into a table by key. */
export class UpsertSql {
  readonly #table: string;
  readonly #rules: UpsertRules;

  /** Takes what is known of the key and the order. */
  constructor(table: TableName, rules: UpsertRules) {
    this.#table = quoteTable(table);
    this.#rules = rules;
  }

  /** Finds a key that two of the staged rows have, its values as text. */
  get duplicateKeys(): string {
    const { key } = this.#rules;
    const index = indexColumns(key).map(quoteName).join(", ");
    const names = nameList(key);
    const columns = index === quoteName(KEY_HASH) ? `${names}, ${index}` : names;
    return `select ${names} from (
  select ${columns} from ${STAGED_ROWS} union all select ${columns} from ${STAGED_DELETES}
) as staged group by ${index} having count(*) > 1 limit 1`;
  }

  /** Deletes the rows whose keys are gone; each is looked up by its key, in this order of the tables. */
  get deleteRows(): string {
    const { key, orderBy } = this.#rules;
    const conditions = indexColumns(key).map(quoteName).map((column) =>
      `target.${column} = gone.${column}`
    );
    if (orderBy !== undefined) {
      const column = quoteName(orderBy.name);
      conditions.push(isAtLeastAsNew(`gone.${column}`, `target.${column}`, orderBy));
    }
    return `delete target from ${STAGED_DELETES} as gone
straight_join ${this.#table} as target on ${conditions.join(" and ")}`;
  }

  /**
   * Inserts staged rows, each in the place of the one that has its key: those with this number, which
   * lack values for these columns. Rows whose keys are gone come with true in the column for marks.
   */
  upsert(number: number, unavailable: readonly string[], isGone: boolean): string {
    const { schema, deletedColumn, unavailable: listed } = this.#rules;
    const values = schema.fields.map(({ name }) =>
      name === deletedColumn?.name ? String(isGone) : quoteName(name)
    );
    const where = listed === undefined ? "" : ` where ${quoteName(listed.name)} = ${number}`;
    return `insert into ${this.#table} (${nameList(schema.fields)})
select ${values.join(", ")} from ${isGone ? STAGED_DELETES : STAGED_ROWS}${where}
on duplicate key update ${this.#assignments(unavailable).join(", ")}`;
  }

  #assignments(unavailable: readonly string[]): string[] {
    const { key, orderBy, schema } = this.#rules;
    const stay = [...key.map(({ name }) => name), ...unavailable];
    const changing = schema.fields.filter(({ name }) =>
      !stay.includes(name) && name !== orderBy?.name
    );
    // The server assigns from left to right: the order is compared by all before it changes itself.
    if (orderBy !== undefined && !stay.includes(orderBy.name)) changing.push(orderBy);
    if (changing.length === 0) return [assignment(this.#target(key[0]!), this.#target(key[0]!))];
    return changing.map((field) => {
      const target = this.#target(field);
      const value = `values(${quoteName(field.name)})`;
      if (orderBy === undefined) return assignment(target, value);
      const isNewer = isAtLeastAsNew(
        `values(${quoteName(orderBy.name)})`,
        this.#target(orderBy),
        orderBy,
      );
      return assignment(target, `if(${isNewer}, ${value}, ${target})`);
    });
  }

  #target({ name }: StructField): string {
    return `${this.#table}.${quoteName(name)}`;
  }
}

function assignment(target: string, value: string): string {
  return `${target} = ${value}`;
}

/** Null comes before all else; text is compared by its bytes, whatever the table's language is. */
function isAtLeastAsNew(own: string, other: string, { type }: StructField): string {
  const isNewer = type === "string"
    ? `cast(${own} as binary) >= cast(${other} as binary)`
    : `${own} >= ${other}`;
  return `(${other} is null or ${isNewer})`;
}
