import { SluiceError } from "../../core/mod.ts";
import type { Metadata, Protocol } from "./actions.ts";
import { allFields, type FieldJson, parseFields, type TypeJson } from "./schema_json.ts";
import { isTrue } from "./table_properties.ts";

const MAX_READER_VERSION = 3;
const MAX_WRITER_VERSION = 7;

/** Features whose tables can be read. */
const READER_FEATURES: readonly string[] = [
  "columnMapping",
  "deletionVectors",
  "timestampNtz",
  "typeWidening",
  "typeWidening-preview",
  "v2Checkpoint",
  "vacuumProtocolCheck",
  "variantShredding",
  "variantShredding-preview",
  "variantType",
  "variantType-preview",
];

const COLUMN_MAPPING_MODES: readonly string[] = ["none", "name", "id"];

/** Features whose tables can be written to; a few of them only while idle, see `dutyNotDone`. */
const WRITER_FEATURES: readonly string[] = [
  ...READER_FEATURES,
  "allowColumnDefaults",
  "appendOnly",
  "changeDataFeed",
  "checkConstraints",
  "clustering",
  "domainMetadata",
  "generatedColumns",
  "icebergCompatV1",
  "icebergCompatV2",
  "identityColumns",
  "inCommitTimestamp",
  "invariants",
  "rowTracking",
];

/** Properties that ask something of a writer that is not done here, and the feature. */
const SWITCHES_NOT_DONE: Readonly<Record<string, string>> = {
  "delta.enableIcebergCompatV1": "icebergCompatV1",
  "delta.enableIcebergCompatV2": "icebergCompatV2",
  "delta.enableIcebergCompatV3": "icebergCompatV3",
};

/**
 * Refuses a table that asks of its readers what is not done here.
 *
 * @throws {SluiceError} `UNSUPPORTED_FEATURE` naming the feature.
 */
export function refuseUnreadable(protocol: Protocol, metadata: Metadata, where: string): void {
  const attempted = "read a Delta table";
  if (protocol.minReaderVersion > MAX_READER_VERSION) {
    throw unsupported(attempted, where, `reader version ${protocol.minReaderVersion}`);
  }
  const unknown = protocol.readerFeatures?.find((feature) => !READER_FEATURES.includes(feature));
  if (unknown !== undefined) throw unsupported(attempted, where, `reader feature "${unknown}"`);
  const mode = columnMappingMode(metadata);
  if (!COLUMN_MAPPING_MODES.includes(mode)) {
    throw unsupported(attempted, where, `feature "columnMapping" in mode "${mode}"`);
  }
}

/** How columns are found in data files: `none` or `name`, or `id`. */
export function columnMappingMode(metadata: Metadata): string {
  return metadata.configuration?.["delta.columnMapping.mode"]?.toLowerCase() ?? "none";
}

/**
 * Refuses a table that asks of its writers what is not done here.
 *
 * @throws {SluiceError} `UNSUPPORTED_FEATURE` naming the feature, and the column or property.
 */
export function refuseUnwritable(protocol: Protocol, metadata: Metadata, where: string): void {
  refuseUnreadable(protocol, metadata, where);
  const attempted = "write to a Delta table";
  if (protocol.minWriterVersion > MAX_WRITER_VERSION) {
    throw unsupported(attempted, where, `writer version ${protocol.minWriterVersion}`);
  }
  const unknown = protocol.writerFeatures?.find((feature) => !WRITER_FEATURES.includes(feature));
  if (unknown !== undefined) throw unsupported(attempted, where, `writer feature "${unknown}"`);
  for (const [property, feature] of Object.entries(SWITCHES_NOT_DONE)) {
    if (!isTrue(metadata.configuration, property)) continue;
    throw unsupported(attempted, where, `feature "${feature}" in use (${property})`);
  }
  const fields = parseFields(metadata.schemaString, where);
  const stored = fields.filter(({ name }) => !metadata.partitionColumns.includes(name));
  if (isStructOfVoids({ type: "struct", fields: stored })) {
    throw unsupported(attempted, where, "a table of type void: no column is stored");
  }
  for (const { path, field } of allFields(fields)) {
    const duty = dutyNotDone(field);
    if (duty !== undefined) throw unsupported(attempted, where, `${duty} (column "${path}")`);
  }
}

/**
 * Refuses to take rows away from a table that only grows; files that rearrange its rows may replace
 * others all the same. See Delta's "append-only tables".
 *
 * @throws {SluiceError} `APPEND_ONLY`.
 */
export function refuseRemoval(metadata: Metadata, attempted: string, where: string): void {
  if (!isTrue(metadata.configuration, "delta.appendOnly")) return;
  throw new SluiceError("APPEND_ONLY", {
    attempted,
    where,
    found: "delta.appendOnly = true",
    wanted: "a table that rows may be taken from",
    hint: "unset the property delta.appendOnly, if its owner agrees",
  });
}

/** What a field asks of a writer that is not done here, if anything. */
function dutyNotDone({ type, metadata }: FieldJson): string | undefined {
  if ("delta.identity.start" in metadata) return 'feature "identityColumns" in use';
  if (hasVariants(type)) return "type variant";
  if (hasVoidItems(type)) return "type void in a list or map";
  return isStructOfVoids(type) ? "a struct of nothing but void" : undefined;
}

/** True for variants, and lists and maps of them; the fields of structs are looked at by themselves. */
function hasVariants(type: TypeJson): boolean {
  if (typeof type === "string") return type === "variant";
  if (type.type === "array") return hasVariants(type.elementType);
  return type.type === "map" && (hasVariants(type.keyType) || hasVariants(type.valueType));
}

/** True for lists and maps of void, which no file can hold. */
function hasVoidItems(type: TypeJson): boolean {
  if (typeof type === "string" || type.type === "struct") return false;
  const items = type.type === "array" ? [type.elementType] : [type.keyType, type.valueType];
  return items.some((item) => item === "void" || hasVoidItems(item) || isStructOfVoids(item));
}

/** True for a struct that has no field which a file could hold. */
function isStructOfVoids(type: TypeJson): boolean {
  return typeof type === "object" && type.type === "struct" &&
    type.fields.every((field) => field.type === "void" || isStructOfVoids(field.type));
}

function unsupported(attempted: string, where: string, found: string): SluiceError {
  return new SluiceError("UNSUPPORTED_FEATURE", {
    attempted,
    where,
    found,
    hint: "use another table, or a client that knows the feature",
  });
}
