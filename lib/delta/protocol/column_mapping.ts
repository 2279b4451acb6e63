import { type DataType, type Schema, SluiceError, type StructField } from "../../core/mod.ts";
import type { ColumnMatch, FieldRename } from "../../parquet/mod.ts";
import type { Metadata } from "./actions.ts";
import { type FieldJson, parseFields } from "./schema_json.ts";
import { columnMappingMode } from "./table_features.ts";

const PHYSICAL_NAME = "delta.columnMapping.physicalName";
const ID = "delta.columnMapping.id";

/** Where the columns of a table are in its files and in the log. See Delta's "column mapping". */
export interface ColumnMapping {
  /** The name of a field in files and in partition values. */
  physicalName(field: StructField): string;
  /**
   * A field as files have it: `undefined` for one of type void, which has no values and is in no
   * file; a struct is without such fields.
   */
  inFiles(field: StructField): StructField | undefined;
  /** True if there is a field of type void, at any level. */
  readonly hasVoid: boolean;
  /** What a field is called in new files, and its id there if columns have one. */
  readonly rename: FieldRename;
  /** Finds fields in data files; `undefined`: their names say where they are. */
  readonly match: ColumnMatch | undefined;
}

/**
 * The mapping of a schema that was made of this metadata.
 *
 * @throws {SluiceError} `CORRUPT_LOG` naming a field without physical name or id that needs them.
 */
export function columnMapping(metadata: Metadata, schema: Schema, where: string): ColumnMapping {
  const mode = columnMappingMode(metadata);
  const fields = new Map<StructField, FieldJson>();
  pair(schema.fields, parseFields(metadata.schemaString, where), fields);
  if (mode !== "none") refuseUnmapped(fields.values(), where);
  const metadataOf = (field: StructField) => fields.get(field)?.metadata ?? {};
  // A field that is not of the table, as `_change_type`, is called what it is called.
  const physicalName = (field: StructField) =>
    mode === "none" || !fields.has(field) ? field.name : metadataOf(field)[PHYSICAL_NAME] as string;
  const isVoid = (field: StructField) => fields.get(field)?.type === "void";
  const hasVoid = [...fields.keys()].some(isVoid);
  const smallerStructs = new Map<StructField, StructField>();
  const inFiles = (field: StructField): StructField | undefined => {
    const { type } = field;
    if (isVoid(field)) return undefined;
    if (!hasVoid || typeof type === "string" || type.type !== "struct") return field;
    let smaller = smallerStructs.get(field);
    if (smaller === undefined) {
      const kept = type.fields.map(inFiles).filter((child) => child !== undefined);
      smaller = { ...field, type: { ...type, fields: kept } };
      smallerStructs.set(field, smaller);
      const json = fields.get(field);
      if (json !== undefined) fields.set(smaller, json);
    }
    return smaller;
  };
  return {
    physicalName,
    inFiles,
    hasVoid,
    rename: (field) => {
      const name = physicalName(field);
      return mode === "none" || !fields.has(field)
        ? { name }
        : { name, fieldId: metadataOf(field)[ID] as number };
    },
    match: mode === "none" && !hasVoid ? undefined : (field, stored) => {
      if (isVoid(field)) return false;
      if (mode !== "id" || !fields.has(field)) return stored.name === physicalName(field);
      return stored.fieldId === metadataOf(field)[ID];
    },
  };
}

function refuseUnmapped(fields: Iterable<FieldJson>, where: string): void {
  for (const { name, metadata } of fields) {
    if (typeof metadata[PHYSICAL_NAME] === "string" && typeof metadata[ID] === "number") continue;
    throw new SluiceError("CORRUPT_LOG", {
      attempted: "read a table's column mapping",
      where: `${where}, column "${name}"`,
      found: JSON.stringify(metadata),
      wanted: `${PHYSICAL_NAME} and ${ID}`,
    });
  }
}

function pair(
  ours: readonly StructField[],
  json: readonly FieldJson[],
  fields: Map<StructField, FieldJson>,
): void {
  ours.forEach((field, i) => {
    fields.set(field, json[i]!);
    pairWithin(field.type, json[i]!.type, fields);
  });
}

function pairWithin(type: DataType, json: unknown, fields: Map<StructField, FieldJson>): void {
  // The two parts of a variant are no fields of the table.
  if (typeof type === "string" || typeof json === "string") return;
  const parts = json as Record<string, unknown>;
  if (type.type === "struct") pair(type.fields, parts.fields as FieldJson[], fields);
  else if (type.type === "array") pairWithin(type.elementType, parts.elementType, fields);
  else if (type.type === "map") {
    pairWithin(type.keyType, parts.keyType, fields);
    pairWithin(type.valueType, parts.valueType, fields);
  }
}
