import { Schema, type StructField } from "../../core/mod.ts";
import type { ParquetCompression } from "../../parquet/mod.ts";
import type { Metadata, Protocol } from "../protocol/actions.ts";
import { type ColumnMapping, columnMapping } from "../protocol/column_mapping.ts";
import { refuseUnknownTypeChanges } from "../protocol/known_type_changes.ts";
import { parseFields, schemaOf } from "../protocol/schema_json.ts";
import { columnMappingMode } from "../protocol/table_features.ts";
import {
  compressionOf,
  randomPrefixLength,
  targetFileBytes,
} from "../protocol/table_properties.ts";
import { type Constraints, tableConstraints } from "./constraints.ts";
import { indexedFields } from "./indexed_fields.ts";

const ALL_COLUMNS = { "delta.dataSkippingNumIndexedCols": "-1" };
/** How many random characters name the folders of a table with column mapping. */
const PREFIX_LENGTH = 2;

/** What a table's metadata and protocol demand of its files, worked out once. */
export interface TableLayout {
  /** The table's folder. */
  readonly path: string;
  /** What the table is. */
  readonly metadata: Metadata;
  /** What its clients must understand. */
  readonly protocol: Protocol;
  /** All columns, by the names that people know. */
  readonly schema: Schema;
  /** The columns whose values are in the log, by the names that people know. */
  readonly partitionColumns: readonly string[];
  /** The columns that files have. */
  readonly storedSchema: Schema;
  /** Where columns are in files and in the log. */
  readonly mapping: ColumnMapping;
  /** What every row has to fulfil. */
  readonly constraints: Constraints;
  /** The fields with statistics, none of them a struct. */
  readonly indexed: ReadonlySet<StructField>;
  /** How files are compressed. */
  readonly compression: ParquetCompression;
  /** About how many bytes a file has. */
  readonly targetFileBytes: number;
  /** How many random characters name a file's folder; `undefined`: the partition does. */
  readonly prefixLength: number | undefined;
}

/**
 * Works out how the files of a table are to be.
 *
 * @throws {SluiceError} `CORRUPT_LOG` or `BAD_PROPERTY` if the metadata contradicts itself;
 * `UNSUPPORTED_FEATURE` if old files have types that cannot be read as those of now.
 */
export function tableLayout(path: string, protocol: Protocol, metadata: Metadata): TableLayout {
  const { partitionColumns, configuration: properties } = metadata;
  const fields = parseFields(metadata.schemaString, path);
  refuseUnknownTypeChanges(fields, path);
  const schema = schemaOf(fields, path);
  const storedSchema = new Schema(
    schema.fields.filter(({ name }) => !partitionColumns.includes(name)),
  );
  // Which columns a clustered table is clustered by is not in its metadata: all may be.
  const isClustered = protocol.writerFeatures?.includes("clustering") ?? false;
  return {
    path,
    metadata,
    protocol,
    schema,
    partitionColumns,
    storedSchema,
    mapping: columnMapping(metadata, schema, path),
    constraints: tableConstraints(metadata, schema, path),
    indexed: isClustered
      ? indexedFields(storedSchema, ALL_COLUMNS)
      : indexedFields(storedSchema, properties),
    compression: compressionOf(properties),
    targetFileBytes: targetFileBytes(properties),
    // Names of columns may change under column mapping, and are for people only.
    prefixLength: randomPrefixLength(properties) ??
      (columnMappingMode(metadata) === "none" ? undefined : PREFIX_LENGTH),
  };
}
