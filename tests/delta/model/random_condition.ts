import type { StructField } from "../../../lib/core/mod.ts";
import type { Random } from "../../support/random.ts";
import type { TableModel } from "./table_model.ts";

type AnyRow = Readonly<Record<string, unknown>>;

/** A condition as SQL, and as what it means. */
export interface Condition {
  readonly sql: string;
  /** True only where SQL's answer is true: not where it is null. */
  readonly holds: (row: AnyRow) => boolean;
}

export const TEXTS = ["a", "b", "o'c", "ä/=%"];

/** A condition on the columns of a table; `qualifier` is put before their names: `"target."`. */
export function randomCondition(random: Random, model: TableModel, qualifier = ""): Condition {
  const dice = random.next();
  if (dice < 0.1) return { sql: "true", holds: () => true };
  const one = comparison(random, model, qualifier);
  if (dice < 0.6) return one;
  const other = comparison(random, model, qualifier);
  return dice < 0.8
    ? { sql: `${one.sql} AND ${other.sql}`, holds: (row) => one.holds(row) && other.holds(row) }
    : { sql: `(${one.sql} OR ${other.sql})`, holds: (row) => one.holds(row) || other.holds(row) };
}

function comparison(random: Random, model: TableModel, qualifier: string): Condition {
  const field = random.pick(model.schema.fields);
  const name = `${qualifier}\`${field.name}\``;
  if (random.next() < 0.2) {
    return random.next() < 0.5
      ? { sql: `${name} IS NULL`, holds: (row) => row[field.name] === null }
      : { sql: `${name} IS NOT NULL`, holds: (row) => row[field.name] !== null };
  }
  return compareWithValue(random, field, name, model);
}

function compareWithValue(
  random: Random,
  { name, type }: StructField,
  sqlName: string,
  model: TableModel,
): Condition {
  if (type === "string") {
    const text = random.pick(TEXTS);
    const literal = `'${text.replaceAll("'", "''")}'`;
    return random.next() < 0.5
      ? { sql: `${sqlName} = ${literal}`, holds: (row) => row[name] === text }
      : {
        sql: `${sqlName} <> ${literal}`,
        holds: (row) => row[name] !== null && row[name] !== text,
      };
  }
  const bound = type === "long"
    ? random.integer(0, Math.max(1, model.rows.size))
    : random.integer(0, 9);
  const value = (row: AnyRow) => row[name] === null ? undefined : Number(row[name]);
  return random.pick<Condition>([
    { sql: `${sqlName} < ${bound}`, holds: (row) => (value(row) ?? Infinity) < bound },
    { sql: `${sqlName} >= ${bound}`, holds: (row) => (value(row) ?? -Infinity) >= bound },
    { sql: `${sqlName} % 3 = ${bound % 3}`, holds: (row) => (value(row) ?? NaN) % 3 === bound % 3 },
  ]);
}
