import { type DataType, type Schema, SluiceError } from "../../core/mod.ts";
import type { Metadata, Protocol } from "./actions.ts";
import { allFields, parseFields } from "./schema_json.ts";

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
];

const COLUMN_MAPPING_MODES: readonly string[] = ["none", "name", "id"];

/** Features whose tables can be appended to; those that ask something of a writer only while idle. */
const WRITER_FEATURES: readonly string[] = [
  "columnMapping",
  "timestampNtz",
  "vacuumProtocolCheck",
  "allowColumnDefaults",
  "appendOnly",
  "changeDataFeed",
  "checkConstraints",
  "domainMetadata",
  "generatedColumns",
  "identityColumns",
  "invariants",
];

/** What a field's metadata says of duties that a writer has; by key, the feature. */
const FIELD_DUTIES: Readonly<Record<string, string>> = {
  "delta.invariants": "invariants",
  "delta.generationExpression": "generatedColumns",
  "delta.identity.start": "identityColumns",
  CURRENT_DEFAULT: "allowColumnDefaults",
};

/** The protocol that a new table with this schema needs. */
export function protocolFor(schema: Schema): Protocol {
  if (!schema.fields.some((field) => hasTimestampNtz(field.type))) {
    return { minReaderVersion: 1, minWriterVersion: 2 };
  }
  return {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: ["timestampNtz"],
    writerFeatures: ["appendOnly", "invariants", "timestampNtz"],
  };
}

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
  return metadata.configuration?.["delta.columnMapping.mode"] ?? "none";
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
  const mode = columnMappingMode(metadata);
  if (mode !== "none") {
    throw unsupported(attempted, where, `feature "columnMapping" in mode "${mode}"`);
  }
  const constraint = Object.keys(metadata.configuration)
    .find((key) => key.startsWith("delta.constraints."));
  if (constraint !== undefined) {
    throw unsupported(attempted, where, `feature "checkConstraints" in use (${constraint})`);
  }
  for (const { path, field } of allFields(parseFields(metadata.schemaString, where))) {
    if (hasVoid(field.type)) {
      throw unsupported(attempted, where, `type void (column "${path}")`);
    }
    const duty = Object.keys(FIELD_DUTIES).find((key) => key in field.metadata);
    if (duty === undefined) continue;
    throw unsupported(
      attempted,
      where,
      `feature "${FIELD_DUTIES[duty]}" in use (column "${path}")`,
    );
  }
}

function hasVoid(type: unknown): boolean {
  if (typeof type !== "object" || type === null) return type === "void";
  const { elementType, keyType, valueType } = type as Record<string, unknown>;
  return [elementType, keyType, valueType].some(hasVoid);
}

function unsupported(attempted: string, where: string, found: string): SluiceError {
  return new SluiceError("UNSUPPORTED_FEATURE", {
    attempted,
    where,
    found,
    hint: "use another table, or a client that knows the feature",
  });
}

function hasTimestampNtz(type: DataType): boolean {
  if (typeof type === "string") return type === "timestamp_ntz";
  switch (type.type) {
    case "decimal":
      return false;
    case "struct":
      return type.fields.some((field) => hasTimestampNtz(field.type));
    case "array":
      return hasTimestampNtz(type.elementType);
    case "map":
      return hasTimestampNtz(type.keyType) || hasTimestampNtz(type.valueType);
  }
}
