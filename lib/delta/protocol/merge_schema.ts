import { SluiceError } from "../../core/mod.ts";
import { formatColumnPath, isSameName } from "./column_path.ts";
import type { FieldJson, TypeJson } from "./schema_json.ts";
import {
  canWiden,
  isSamePrimitive,
  type TypeChange,
  widensUnasked,
  withTypeChanges,
} from "./type_widening.ts";

/** What may become of a table's columns where other ones are to go into them. */
export interface MergeRules {
  /** What was attempted, and of which table. */
  readonly attempted: string;
  /** True if columns that the table lacks are added to it, nullable and at the end. */
  readonly addsColumns: boolean;
  /** True if the type of a column may be widened to the other one. */
  readonly widens: (from: string, to: string) => boolean;
  /** True if a column of a narrower type fits as it is. */
  readonly takesNarrower: boolean;
}

/** The rules of `mergeSchema`: new columns, and wider types where the table allows them. */
export function evolutionRules(attempted: string, isWideningOn: boolean): MergeRules {
  return {
    attempted,
    addsColumns: true,
    widens: isWideningOn ? widensUnasked : () => false,
    takesNarrower: true,
  };
}

/** The rules of a change of type: wider, and all columns as they are. */
export function wideningRules(attempted: string): MergeRules {
  return { attempted, addsColumns: false, widens: canWiden, takesNarrower: false };
}

/**
 * A table's columns, changed so that other ones fit. Columns are matched by name, not case; what is
 * not null stays so.
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH` naming the column.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { evolutionRules, mergedFields } from "./merge_schema.ts";
 *
 * const field = (name: string, type: string) => ({ name, type, nullable: true, metadata: {} });
 * const rules = evolutionRules("append", false);
 * const merged = mergedFields([field("id", "long")], [field("ID", "long"), field("x", "date")], rules);
 * deepEqual(merged.map(({ name }) => name), ["id", "x"]);
 * ```
 */
export function mergedFields(
  fields: readonly FieldJson[],
  others: readonly FieldJson[],
  rules: MergeRules,
  parent: readonly string[] = [],
): FieldJson[] {
  const kept = fields.map((field) => {
    const other = others.find(({ name }) => isSameName(name, field.name));
    return other === undefined ? field : mergedField(field, other.type, rules, parent);
  });
  const added = others.filter(({ name }) => !fields.some((field) => isSameName(name, field.name)));
  const [first] = added;
  if (first !== undefined && !rules.addsColumns) {
    throw mismatch(rules, [...parent, first.name], "no such column", "a column that there is");
  }
  return [...kept, ...added.map(asNullable)];
}

/**
 * A column whose type is changed so that values of another one fit.
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH` naming the column.
 */
export function mergedField(
  field: FieldJson,
  type: TypeJson,
  rules: MergeRules,
  parent: readonly string[] = [],
): FieldJson {
  const changes: TypeChange[] = [];
  const path = [...parent, field.name];
  const merged = mergedType(field.type, type, rules, path, [], changes);
  return withTypeChanges({ ...field, type: merged }, changes);
}

/** `within` is the path from the field; the fields of a struct have histories of their own. */
function mergedType(
  from: TypeJson,
  to: TypeJson,
  rules: MergeRules,
  path: readonly string[],
  within: readonly string[],
  changes: TypeChange[],
): TypeJson {
  const nested = (from: TypeJson, to: TypeJson, name: string) =>
    mergedType(from, to, rules, [...path, name], [...within, name], changes);
  if (typeof from === "object" && typeof to === "object") {
    if (from.type === "struct" && to.type === "struct") {
      return { type: "struct", fields: mergedFields(from.fields, to.fields, rules, path) };
    }
    if (from.type === "array" && to.type === "array") {
      return { ...from, elementType: nested(from.elementType, to.elementType, "element") };
    }
    if (from.type === "map" && to.type === "map") {
      return {
        ...from,
        keyType: nested(from.keyType, to.keyType, "key"),
        valueType: nested(from.valueType, to.valueType, "value"),
      };
    }
  }
  // Nothing was ever stored for a void.
  if (from === "void") return typeAsNullable(to);
  if (isSamePrimitive(from, to)) return from;
  if (typeof from === "string" && typeof to === "string") {
    if (rules.widens(from, to)) {
      const fieldPath = within.join(".");
      changes.push({
        fromType: from,
        toType: to,
        ...(fieldPath === "" ? {} : { fieldPath }),
      });
      return to;
    }
    if (rules.takesNarrower && canWiden(to, from)) return from;
  }
  throw mismatch(rules, path, `type ${nameOf(from)}`, nameOf(to));
}

/** A column as one is added: nullable at all levels, since there may be rows without it. */
function asNullable(field: FieldJson): FieldJson {
  return { ...field, nullable: true, type: typeAsNullable(field.type) };
}

function typeAsNullable(type: TypeJson): TypeJson {
  if (typeof type === "string") return type;
  switch (type.type) {
    case "struct":
      return { type: "struct", fields: type.fields.map(asNullable) };
    case "array":
      return { ...type, elementType: typeAsNullable(type.elementType), containsNull: true };
    case "map":
      return {
        ...type,
        keyType: typeAsNullable(type.keyType),
        valueType: typeAsNullable(type.valueType),
        valueContainsNull: true,
      };
  }
}

function nameOf(type: TypeJson): string {
  return typeof type === "string" ? type : type.type;
}

function mismatch(
  { attempted }: MergeRules,
  path: readonly string[],
  found: string,
  wanted: string,
): SluiceError {
  return new SluiceError("SCHEMA_MISMATCH", {
    attempted,
    where: `column "${formatColumnPath(path)}"`,
    found,
    wanted,
    hint:
      "a type can be widened where delta.enableTypeWidening is true, as from integer to long; " +
      "other types need a column of another name",
  });
}
