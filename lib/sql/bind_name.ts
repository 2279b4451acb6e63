import { type DataType, Schema, type StructField, typeName } from "../core/mod.ts";
import type { Bound } from "./bound.ts";
import { isNondeterministic } from "./functions/functions.ts";
import type { ExpressionProblem } from "./sql_error.ts";

/**
 * The columns that names may mean: those of one schema, or those of several by qualifier, as in
 * MERGE: `{ target, source }`. A name without qualifier must then be a column of only one of them.
 */
export type Scope = Schema | Readonly<Record<string, Schema>>;

/** The schemas in scope, each with its qualifier; a lone one has none. */
export function schemasOf(scope: Scope): [qualifier: string, schema: Schema][] {
  return scope instanceof Schema ? [["", scope]] : Object.entries(scope);
}

/**
 * The column that a dotted name means: qualifier (where there are several), column, fields of
 * structs. Case does not matter. A problem is given back, not thrown.
 */
export function bindName(parts: readonly string[], scope: Scope): Bound | ExpressionProblem {
  const schemas = schemasOf(scope);
  const [first = "", ...rest] = parts;
  const qualified = schemas.find(([qualifier]) =>
    qualifier !== "" && rest.length > 0 && isSameName(qualifier, first)
  );
  if (qualified !== undefined) {
    const [qualifier, schema] = qualified;
    return bindPath(qualifier, schema.fields, rest);
  }
  const owners = schemas.filter(([, { fields }]) => findField(fields, first) !== undefined);
  const [owner, other] = owners;
  if (owner === undefined) return unknownColumn(first, schemas);
  if (other !== undefined) {
    return {
      where: `column "${first}"`,
      found: `a column of ${owners.map(([qualifier]) => qualifier).join(" and of ")}: ambiguous`,
      wanted: `${owner[0]}.${first} or ${other[0]}.${first}`,
    };
  }
  return bindPath(owner[0], owner[1].fields, parts);
}

/** The field of that name, spelt in any case. */
export function findField(fields: readonly StructField[], name: string): StructField | undefined {
  return fields.find((field) => isSameName(field.name, name));
}

/** True for names that SQL takes as one. */
function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function bindPath(
  qualifier: string,
  fields: readonly StructField[],
  parts: readonly string[],
): Bound | ExpressionProblem {
  const path: string[] = [];
  let type: DataType = { type: "struct", fields };
  for (const part of parts) {
    const inner: readonly StructField[] = typeof type === "object" && type.type === "struct"
      ? type.fields
      : [];
    const field = findField(inner, part);
    if (field === undefined) {
      const where = `column "${[...path, part].join(".")}"`;
      return inner.length === 0
        ? {
          where,
          found: `${path.join(".")} is ${typeName(type)}`,
          wanted: "a struct before the dot",
        }
        : { where, found: "no such column", wanted: `one of ${namesOf(inner)}` };
    }
    path.push(field.name);
    type = field.type;
  }
  return { kind: "column", type, column: { qualifier, path } };
}

function unknownColumn(
  name: string,
  schemas: readonly [qualifier: string, schema: Schema][],
): ExpressionProblem {
  if (isNondeterministic(name.toLowerCase())) {
    return {
      where: `"${name}"`,
      found: "a function that gives another value each time",
      wanted: "a value that can be calculated again",
    };
  }
  const names = schemas.map(([qualifier, { fields }]) =>
    `${qualifier === "" ? "" : `${qualifier}: `}${namesOf(fields)}`
  );
  return {
    where: `column "${name}"`,
    found: "no such column",
    wanted: `one of ${names.join("; ")}`,
    hint: "text stands in single quotes",
  };
}

function namesOf(fields: readonly StructField[]): string {
  return fields.map(({ name }) => name).join(", ");
}
