import { SluiceError } from "../../core/mod.ts";
import { formatColumnPath, isSameName } from "./column_path.ts";
import type { FieldJson, TypeJson } from "./schema_json.ts";

/** Where a column goes: before all others of its struct, or behind one of them. */
export type ColumnPosition = "first" | { readonly after: string };

/**
 * A table's columns with one more; `path` ends with the new one's name. Without a position it goes
 * to the end.
 *
 * @throws {SluiceError} `COLUMN_EXISTS`; `UNKNOWN_COLUMN` if there is no struct or no column `after`.
 */
export function withField(
  fields: readonly FieldJson[],
  path: readonly string[],
  field: FieldJson,
  position?: ColumnPosition,
): FieldJson[] {
  return editSiblings(fields, path, (siblings) => {
    refuseExisting(siblings, path, field.name);
    return inserted(siblings, field, path, position);
  });
}

/**
 * A table's columns without one.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`; `COLUMN_IN_USE` if its struct would be left without fields.
 */
export function withoutField(
  fields: readonly FieldJson[],
  path: readonly string[],
): FieldJson[] {
  return editSiblings(fields, path, (siblings) => {
    const field = fieldOf(siblings, path);
    if (siblings.length > 1) return siblings.filter((sibling) => sibling !== field);
    throw new SluiceError("COLUMN_IN_USE", {
      attempted: `drop column "${formatColumnPath(path)}"`,
      found: "no other column beside it",
      wanted: "at least one that stays",
    });
  });
}

/**
 * A table's columns with one replaced.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`; `COLUMN_EXISTS` if its new name is taken.
 */
export function withChangedField(
  fields: readonly FieldJson[],
  path: readonly string[],
  change: (field: FieldJson) => FieldJson,
): FieldJson[] {
  return editSiblings(fields, path, (siblings) => {
    const field = fieldOf(siblings, path);
    const changed = change(field);
    const others = siblings.filter((sibling) => sibling !== field);
    refuseExisting(others, path, changed.name);
    return siblings.map((sibling) => sibling === field ? changed : sibling);
  });
}

/**
 * The names of a path as the table spells them, and the field.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`.
 */
export function findField(
  fields: readonly FieldJson[],
  path: readonly string[],
): { readonly path: readonly string[]; readonly field: FieldJson } {
  const [name = "", ...rest] = path;
  const field = fields.find((candidate) => isSameName(candidate.name, name));
  if (field === undefined) throw unknownColumn(path, fields);
  if (rest.length === 0) return { path: [field.name], field };
  const steps = stepsIntoStruct(field.type, rest);
  if (steps === undefined) throw unknownColumn(path, []);
  const found = findField(steps.fields, rest.slice(steps.length));
  return {
    path: [field.name, ...rest.slice(0, steps.length), ...found.path],
    field: found.field,
  };
}

/** Replaces the fields of the struct that the last name of a path belongs to. */
function editSiblings(
  fields: readonly FieldJson[],
  path: readonly string[],
  edit: (siblings: readonly FieldJson[]) => readonly FieldJson[],
  depth = 0,
): FieldJson[] {
  if (depth === path.length - 1) return [...edit(fields)];
  const parent = fields.find(({ name }) => isSameName(name, path[depth] ?? ""));
  if (parent === undefined) throw unknownColumn(path, fields);
  const editedType = (type: TypeJson, depth: number): TypeJson => {
    if (typeof type === "object") {
      const step = path[depth];
      if (type.type === "struct") {
        return { type: "struct", fields: editSiblings(type.fields, path, edit, depth) };
      }
      if (type.type === "array" && step === "element") {
        return { ...type, elementType: editedType(type.elementType, depth + 1) };
      }
      if (type.type === "map" && step === "key") {
        return { ...type, keyType: editedType(type.keyType, depth + 1) };
      }
      if (type.type === "map" && step === "value") {
        return { ...type, valueType: editedType(type.valueType, depth + 1) };
      }
    }
    throw unknownColumn(path, []);
  };
  return fields.map((field) =>
    field === parent ? { ...field, type: editedType(field.type, depth + 1) } : field
  );
}

/** How many names of a path lead through lists and maps, and the fields behind them. */
function stepsIntoStruct(
  type: TypeJson,
  path: readonly string[],
): { readonly length: number; readonly fields: readonly FieldJson[] } | undefined {
  let current = type;
  for (let length = 0; length < path.length; length++) {
    if (typeof current === "string") return undefined;
    if (current.type === "struct") return { length, fields: current.fields };
    const step = path[length];
    if (current.type === "array" && step === "element") current = current.elementType;
    else if (current.type === "map" && step === "key") current = current.keyType;
    else if (current.type === "map" && step === "value") current = current.valueType;
    else return undefined;
  }
  return undefined;
}

function inserted(
  siblings: readonly FieldJson[],
  field: FieldJson,
  path: readonly string[],
  position: ColumnPosition | undefined,
): FieldJson[] {
  if (position === undefined) return [...siblings, field];
  if (position === "first") return [field, ...siblings];
  const after = fieldOf(siblings, [...path.slice(0, -1), position.after]);
  const index = siblings.indexOf(after) + 1;
  return [...siblings.slice(0, index), field, ...siblings.slice(index)];
}

function fieldOf(siblings: readonly FieldJson[], path: readonly string[]): FieldJson {
  const name = path.at(-1) ?? "";
  const field = siblings.find((sibling) => isSameName(sibling.name, name));
  if (field === undefined) throw unknownColumn(path, siblings);
  return field;
}

function refuseExisting(
  siblings: readonly FieldJson[],
  path: readonly string[],
  name: string,
): void {
  const taken = siblings.find((sibling) => isSameName(sibling.name, name));
  if (taken === undefined) return;
  throw new SluiceError("COLUMN_EXISTS", {
    attempted: `give a column the name "${formatColumnPath([...path.slice(0, -1), name])}"`,
    found: `column "${taken.name}"`,
    wanted: "a name that is free; case makes no difference",
  });
}

function unknownColumn(path: readonly string[], siblings: readonly FieldJson[]): SluiceError {
  return new SluiceError("UNKNOWN_COLUMN", {
    attempted: `find column "${formatColumnPath(path)}"`,
    found: siblings.length === 0
      ? "no struct on the way"
      : `columns ${siblings.map(({ name }) => name).join(", ")}`,
    hint:
      "fields of structs have dots before them; element, key and value lead into lists and maps",
  });
}
