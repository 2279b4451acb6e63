import { Schema, SluiceError } from "../../core/mod.ts";
import type { Protocol } from "./actions.ts";
import { impliedFeatures, TABLE_FEATURES, withNeededFeatures } from "./feature_list.ts";
import { allFields, type FieldJson, fieldsOf, type TypeJson } from "./schema_json.ts";
import { CONSTRAINTS, isTrue, type TableProperties } from "./table_properties.ts";

const TABLE_FEATURES_READER = 3;
const TABLE_FEATURES_WRITER = 7;
/** What every table can do: the protocol that tables have had from the start. */
const FIRST: Protocol = { minReaderVersion: 1, minWriterVersion: 2 };
const FEATURE = "delta.feature.";

/** Properties that take a feature when they are `true`. */
const SWITCHES: Readonly<Record<string, string>> = {
  "delta.appendOnly": "appendOnly",
  "delta.enableChangeDataFeed": "changeDataFeed",
  "delta.enableDeletionVectors": "deletionVectors",
  "delta.enableInCommitTimestamps": "inCommitTimestamp",
  "delta.enableRowTracking": "rowTracking",
  "delta.enableTypeWidening": "typeWidening",
};

/** What a field's metadata says of duties that a writer has; by key, the feature. */
export const FIELD_DUTIES: Readonly<Record<string, string>> = {
  "delta.invariants": "invariants",
  "delta.generationExpression": "generatedColumns",
  "delta.identity.start": "identityColumns",
  CURRENT_DEFAULT: "allowColumnDefaults",
};

/**
 * The protocol that a new table needs: just the features of its columns and properties, so that as
 * many clients as can be know it, and what `delta.feature.*`, `delta.minReaderVersion` and
 * `delta.minWriterVersion` ask for.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { protocolFor } from "./new_protocol.ts";
 *
 * const schema = s.struct({ id: s.long() });
 * deepEqual(protocolFor(schema), { minReaderVersion: 1, minWriterVersion: 2 });
 * deepEqual(protocolFor(schema, { "delta.enableDeletionVectors": "true" }), {
 *   minReaderVersion: 3,
 *   minWriterVersion: 7,
 *   readerFeatures: ["deletionVectors"],
 *   writerFeatures: ["appendOnly", "invariants", "deletionVectors"],
 * });
 * ```
 *
 * @throws {SluiceError} `UNSUPPORTED_FEATURE` naming a feature that is not known here.
 */
export function protocolFor(
  schema: Schema | readonly FieldJson[],
  properties: TableProperties = {},
): Protocol {
  const fields = schema instanceof Schema ? fieldsOf(schema.fields) : schema;
  const asked = {
    minReaderVersion: Number(properties["delta.minReaderVersion"] ?? 1),
    minWriterVersion: Number(properties["delta.minWriterVersion"] ?? 1),
  };
  const needed = upgradedProtocol(FIRST, neededFeatures(fields, properties));
  if (asked.minReaderVersion <= needed.minReaderVersion) {
    return asked.minWriterVersion <= needed.minWriterVersion
      ? needed
      : raised(needed, needed.minReaderVersion, asked.minWriterVersion);
  }
  return raised(
    needed,
    asked.minReaderVersion,
    Math.max(asked.minWriterVersion, needed.minWriterVersion),
  );
}

/** The features that these columns and properties need, with those that they build on. */
export function neededFeatures(
  fields: readonly FieldJson[],
  properties: TableProperties,
): string[] {
  const features = new Set<string>();
  for (const [name, feature] of Object.entries(SWITCHES)) {
    if (isTrue(properties, name)) features.add(feature);
  }
  for (const name of Object.keys(properties)) {
    if (name.startsWith(FEATURE)) features.add(name.slice(FEATURE.length));
    if (name.startsWith(CONSTRAINTS)) features.add("checkConstraints");
  }
  const mode = properties["delta.columnMapping.mode"] ?? "none";
  if (mode !== "none") features.add("columnMapping");
  if (properties["delta.checkpointPolicy"] === "v2") features.add("v2Checkpoint");
  for (const { field } of allFields(fields)) {
    for (const [key, feature] of Object.entries(FIELD_DUTIES)) {
      if (key in field.metadata) features.add(feature);
    }
    if (hasTimestampNtz(field.type)) features.add("timestampNtz");
  }
  for (const name of features) refuseUnknownFeature(name);
  return withNeededFeatures(features);
}

/**
 * The protocol that has these features besides its own. A table of an old version gets a higher one if
 * that has just these features; else all are listed by name, those that its version implied, too.
 */
export function upgradedProtocol(protocol: Protocol, features: Iterable<string>): Protocol {
  const missing = withNeededFeatures(features).filter((name) => !hasFeature(protocol, name));
  if (missing.length === 0) return protocol;
  const { minReaderVersion, minWriterVersion } = protocol;
  if (minWriterVersion === TABLE_FEATURES_WRITER) {
    const known = protocol.writerFeatures ?? [];
    return withFeatures([...known, ...missing], minReaderVersion, protocol.readerFeatures);
  }
  const all = withNeededFeatures([...impliedFeatures(minWriterVersion), ...missing]);
  for (let writer = minWriterVersion + 1; writer < TABLE_FEATURES_WRITER; writer++) {
    const implied = impliedFeatures(writer);
    if (implied.length !== all.length || !all.every((name) => implied.includes(name))) continue;
    const reader = all.includes("columnMapping") ? 2 : 1;
    return {
      minReaderVersion: Math.max(minReaderVersion, reader),
      minWriterVersion: writer,
    };
  }
  return withFeatures(all, minReaderVersion);
}

/** True if the protocol has a feature, by name or by its version. */
export function hasFeature(protocol: Protocol, name: string): boolean {
  if (protocol.minWriterVersion >= TABLE_FEATURES_WRITER) {
    return protocol.writerFeatures?.includes(name) ?? false;
  }
  return impliedFeatures(protocol.minWriterVersion).includes(name);
}

/** The protocol of exactly these features; readers keep those that they had. */
function withFeatures(
  writerFeatures: readonly string[],
  minReaderVersion: number,
  knownToReaders: readonly string[] = [],
): Protocol {
  const readerFeatures = writerFeatures.filter((name) =>
    TABLE_FEATURES[name]?.forReaders || knownToReaders.includes(name)
  );
  const asksReaders = minReaderVersion === TABLE_FEATURES_READER ||
    readerFeatures.some((name) => TABLE_FEATURES[name]?.legacy === undefined);
  if (asksReaders) {
    return {
      minReaderVersion: TABLE_FEATURES_READER,
      minWriterVersion: TABLE_FEATURES_WRITER,
      readerFeatures,
      writerFeatures,
    };
  }
  const versions = readerFeatures.map((name) => TABLE_FEATURES[name]?.legacy?.reader ?? 1);
  return {
    minReaderVersion: Math.max(minReaderVersion, ...versions),
    minWriterVersion: TABLE_FEATURES_WRITER,
    writerFeatures,
  };
}

/** A protocol of at least these versions. */
function raised(protocol: Protocol, reader: number, writer: number): Protocol {
  if (writer < TABLE_FEATURES_WRITER && reader < TABLE_FEATURES_READER) {
    return { minReaderVersion: reader, minWriterVersion: writer };
  }
  const known = protocol.writerFeatures ?? impliedFeatures(protocol.minWriterVersion);
  return withFeatures(known, reader);
}

function refuseUnknownFeature(name: string): void {
  if (Object.hasOwn(TABLE_FEATURES, name)) return;
  throw new SluiceError("UNSUPPORTED_FEATURE", {
    attempted: "give a Delta table a feature",
    found: `feature "${name}"`,
    wanted: `one of ${Object.keys(TABLE_FEATURES).join(", ")}`,
  });
}

function hasTimestampNtz(type: TypeJson): boolean {
  if (typeof type === "string") return type === "timestamp_ntz";
  switch (type.type) {
    case "struct":
      return false;
    case "array":
      return hasTimestampNtz(type.elementType);
    case "map":
      return hasTimestampNtz(type.keyType) || hasTimestampNtz(type.valueType);
  }
}
