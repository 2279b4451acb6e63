import { type DataType, type Schema, SluiceError, type StructField } from "../../core/mod.ts";
import type { ColumnMatch } from "../../parquet/mod.ts";
import type { Metadata } from "./actions.ts";
import { type FieldJson, parseFields } from "./schema_json.ts";
import { columnMappingMode } from "./table_features.ts";

const PHYSICAL_NAME = "delta.columnMapping.physicalName";
const ID = "delta.columnMapping.id";

/** Where the columns of a table are in its files and in the log. See Delta's "column mapping". */
export interface ColumnMapping {
  /** The name of a field in files and in partition values. */
  physicalName(field: StructField): string;
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
  const physicalName = (field: StructField) =>
    mode === "none" ? field.name : fields.get(field)!.metadata[PHYSICAL_NAME] as string;
  const isByName = mode === "none" && ![...fields.values()].some(({ type }) => type === "void");
  return {
    physicalName,
    match: isByName ? undefined : (field, stored) => {
      if (fields.get(field)?.type === "void") return false;
      if (mode !== "id") return stored.name === physicalName(field);
      return stored.fieldId === fields.get(field)?.metadata[ID];
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
  if (typeof type === "string") return;
  const parts = json as Record<string, unknown>;
  if (type.type === "struct") pair(type.fields, parts.fields as FieldJson[], fields);
  else if (type.type === "array") pairWithin(type.elementType, parts.elementType, fields);
  else if (type.type === "map") {
    pairWithin(type.keyType, parts.keyType, fields);
    pairWithin(type.valueType, parts.valueType, fields);
  }
}
