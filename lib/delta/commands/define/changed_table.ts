import { SluiceError } from "../../../core/mod.ts";
import { bindPredicate } from "../../../sql/mod.ts";
import type { Action, Metadata, Protocol } from "../../protocol/actions.ts";
import {
  assignColumnIds,
  freshPhysicalName,
  MAX_COLUMN_ID,
} from "../../protocol/assign_column_ids.ts";
import { storedProperties } from "../../protocol/check_properties.ts";
import { refuseBadDefinition } from "../../protocol/check_schema.ts";
import { impliedFeatures } from "../../protocol/feature_list.ts";
import { protocolFor, upgradedProtocol } from "../../protocol/new_protocol.ts";
import { type FieldJson, formatFields, parseFields, schemaOf } from "../../protocol/schema_json.ts";
import { constraintsOf, isTrue, type TableProperties } from "../../protocol/table_properties.ts";

const MAPPING_MODE = "delta.columnMapping.mode";

/** What is to change of a table; what is absent stays. */
export interface TableChange {
  /** All its columns. */
  readonly fields?: readonly FieldJson[];
  /** The columns it is partitioned by. */
  readonly partitionColumns?: readonly string[];
  /** All its properties, and those that speak of the protocol. */
  readonly configuration?: TableProperties;
}

/** What a table is. */
export interface TableAsIs {
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  /** Where it is, for errors. */
  readonly location: string;
}

/** A table as it is to become. */
export interface ChangedTable {
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  /** What a commit says of it; nothing if nothing changes. */
  readonly actions: readonly Action[];
}

/**
 * Works out what a change makes of a table: ids and physical names for new columns, and a protocol
 * that knows all that the table has from then on.
 *
 * @throws {SluiceError} `BAD_SCHEMA`, `BAD_PARTITION_COLUMNS`, `BAD_PROPERTY`, `UNSUPPORTED_FEATURE`.
 */
export function changedTable(
  { protocol, metadata, location }: TableAsIs,
  change: TableChange,
): ChangedTable {
  const before = metadata.configuration;
  const properties = change.configuration ?? before;
  refuseModeChange(before, properties, location);
  const known = parseFields(metadata.schemaString, location);
  const definition = completedDefinition({
    fields: change.fields ?? known,
    partitionColumns: change.partitionColumns ?? metadata.partitionColumns,
    configuration: storedProperties(properties),
    // Files that are there have the columns under the names they had so far.
    physicalNameOf: modeOf(before) === "none" ? (field) => field.name : freshPhysicalName,
  });
  refuseBadDefinition(`change Delta table ${location}`, definition);

  const { fields, partitionColumns, configuration } = definition;
  const next: Metadata = {
    ...metadata,
    schemaString: isSame(fields, known) ? metadata.schemaString : formatFields(fields),
    partitionColumns,
    configuration,
  };
  const needed = protocolFor(fields, properties);
  const upgraded = upgradedProtocol(
    protocol,
    needed.writerFeatures ?? impliedFeatures(needed.minWriterVersion),
  );
  return {
    protocol: upgraded,
    metadata: next,
    actions: [
      ...(isSame(upgraded, protocol) ? [] : [{ protocol: upgraded }]),
      ...(isSame(next, metadata) ? [] : [{ metaData: next }]),
    ],
  };
}

/** What a new table is to be. */
export interface NewTableDefinition {
  readonly fields: readonly FieldJson[];
  readonly partitionColumns: readonly string[];
  /** Its properties, and those that speak of the protocol. */
  readonly properties: TableProperties;
  readonly name?: string;
  readonly description?: string;
}

/**
 * Works out what a new table is: the lowest protocol that knows all that it has, and ids and physical
 * names if its columns are mapped.
 *
 * @throws {SluiceError} `BAD_SCHEMA`, `BAD_PARTITION_COLUMNS`, `BAD_EXPRESSION` for a constraint,
 * `UNSUPPORTED_FEATURE`.
 */
export function newTable(
  path: string,
  { fields, partitionColumns, properties, ...texts }: NewTableDefinition,
): { readonly protocol: Protocol; readonly metaData: Metadata } {
  const definition = completedDefinition({
    fields,
    partitionColumns,
    configuration: storedProperties(properties),
    physicalNameOf: freshPhysicalName,
  });
  refuseBadDefinition(`create Delta table ${path}`, definition);
  const schema = schemaOf(definition.fields, path);
  for (const [, expression] of constraintsOf(definition.configuration)) {
    bindPredicate(expression, schema);
  }
  return {
    protocol: protocolFor(definition.fields, properties),
    metaData: {
      id: crypto.randomUUID(),
      ...texts,
      format: { provider: "parquet", options: {} },
      schemaString: formatFields(definition.fields),
      partitionColumns,
      createdTime: Date.now(),
      configuration: definition.configuration,
    },
  };
}

/** Adds what writers keep by themselves. */
function completedDefinition(
  { fields, partitionColumns, configuration, physicalNameOf }: {
    readonly fields: readonly FieldJson[];
    readonly partitionColumns: readonly string[];
    readonly configuration: TableProperties;
    readonly physicalNameOf: (field: FieldJson) => string;
  },
) {
  const completed = { ...configuration };
  if (isTrue(configuration, "delta.enableRowTracking")) {
    completed["delta.rowTracking.materializedRowIdColumnName"] ??=
      `_row-id-col-${crypto.randomUUID()}`;
    completed["delta.rowTracking.materializedRowCommitVersionColumnName"] ??=
      `_row-commit-version-col-${crypto.randomUUID()}`;
  }
  if (modeOf(configuration) === "none") {
    return { fields, partitionColumns, configuration: completed };
  }
  const known = Number(configuration[MAX_COLUMN_ID] ?? 0);
  const mapped = assignColumnIds(fields, known, physicalNameOf);
  completed[MAX_COLUMN_ID] = String(mapped.maxColumnId);
  return { fields: mapped.fields, partitionColumns, configuration: completed };
}

/** Old files have columns by their names, which only mode `name` can find. */
function refuseModeChange(
  before: TableProperties,
  after: TableProperties,
  location: string,
): void {
  const [from, to] = [modeOf(before), modeOf(after)];
  if (from === to || (from === "none" && to === "name")) return;
  throw new SluiceError("BAD_PROPERTY", {
    attempted: `set properties of Delta table ${location}`,
    where: `property "${MAPPING_MODE}"`,
    found: to,
    wanted: from === "none" ? "name" : `${from}, as it is: column mapping stays`,
    hint: "write the rows to a new table that has the mode you want",
  });
}

function modeOf(properties: TableProperties): string {
  return properties[MAPPING_MODE] ?? "none";
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
