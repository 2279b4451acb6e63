import { SluiceError } from "../../core/mod.ts";
import { parseColumnPath } from "./column_path.ts";
import { TABLE_FEATURES } from "./feature_list.ts";
import { parseIntervalMs } from "./interval.ts";
import {
  COMPRESSION_CODECS,
  CONSTRAINTS,
  parseByteSize,
  statsColumns,
  type TableProperties,
} from "./table_properties.ts";

/** Whether a table is made with properties, or has them set later. */
export type PropertyOccasion = "create" | "set";

/** Says what a property's value should be, if it is not; `undefined` if it is. */
type Check = (value: string) => string | undefined;

const INTERVAL = "an interval such as `interval 7 days`";
const FEATURE = "delta.feature.";

const boolean = inAnyCase("true", "false");
const wholeFrom = (min: number, max = Number.MAX_SAFE_INTEGER): Check => (value) => {
  const isFit = /^-?\d+$/.test(value) && Number(value) >= min && Number(value) <= max;
  return isFit ? undefined : `a whole number from ${min} ${max < 1000 ? `to ${max}` : "on"}`;
};
const interval: Check = (value) => parseIntervalMs(value) === undefined ? INTERVAL : undefined;

/** What is done as the property says. */
const HONOURED: Readonly<Record<string, Check>> = {
  "delta.appendOnly": boolean,
  "delta.checkpoint.writeStatsAsJson": boolean,
  "delta.checkpoint.writeStatsAsStruct": boolean,
  "delta.checkpointInterval": wholeFrom(1),
  "delta.checkpointPolicy": oneOf("classic", "v2"),
  "delta.columnMapping.mode": oneOf("none", "name", "id"),
  "delta.dataSkippingNumIndexedCols": wholeFrom(-1),
  "delta.dataSkippingStatsColumns": columnPaths,
  "delta.deletedFileRetentionDuration": interval,
  "delta.enableChangeDataFeed": boolean,
  "delta.enableDeletionVectors": boolean,
  "delta.enableExpiredLogCleanup": boolean,
  "delta.enableInCommitTimestamps": boolean,
  "delta.enableRowTracking": boolean,
  "delta.enableTypeWidening": boolean,
  "delta.isolationLevel": oneOf("Serializable", "WriteSerializable"),
  "delta.logRetentionDuration": interval,
  "delta.minReaderVersion": wholeFrom(1, 3),
  "delta.minWriterVersion": wholeFrom(1, 7),
  "delta.parquet.compression.codec": inAnyCase(...Object.keys(COMPRESSION_CODECS)),
  "delta.randomizeFilePrefixes": boolean,
  "delta.randomPrefixLength": wholeFrom(1, 64),
  "delta.rowTrackingSuspended": boolean,
  "delta.setTransactionRetentionDuration": interval,
  "delta.targetFileSize": (value) =>
    parseByteSize(value) === undefined ? "a size such as `128mb` or `134217728`" : undefined,
};

/** What changes nothing that another client could miss, and why. */
const HARMLESS: Readonly<Record<string, Check>> = {
  // Hints that a writer may also merge small files: here `optimize` does, when it is called.
  "delta.autoOptimize": boolean,
  "delta.autoOptimize.autoCompact": oneOf("true", "false", "auto", "legacy"),
  "delta.autoOptimize.optimizeWrite": boolean,
  // A hint to choose smaller files where rows are often rewritten.
  "delta.tuneFileSizesForRewrites": boolean,
  // Read by no open client.
  "delta.checkpointRetentionDuration": interval,
  "delta.sampleRetentionDuration": interval,
  "delta.enableFullRetentionRollback": boolean,
  // Says that defaults of a Spark session are not to be taken; there are none here.
  "delta.ignoreProtocolDefaults": boolean,
  // Old readers' version, which is how files are written here.
  "delta.parquet.format.version": oneOf("1.0.0"),
  // How long a feature's traces stay when Spark takes the feature away.
  "delta.dropFeatureTruncateHistory.retentionDuration": interval,
  // What these turn on is not done here; turned off they mean nothing.
  "delta.compatibility.symlinkFormatManifest.enabled": oneOf("false"),
  "delta.enableIcebergCompatV1": oneOf("false"),
  "delta.enableIcebergCompatV2": oneOf("false"),
  "delta.enableIcebergCompatV3": oneOf("false"),
};

/** What writers note for themselves. */
const KEPT_BY_WRITERS: readonly string[] = [
  "delta.columnMapping.maxColumnId",
  "delta.inCommitTimestampEnablementTimestamp",
  "delta.inCommitTimestampEnablementVersion",
  "delta.rowTracking.materializedRowCommitVersionColumnName",
  "delta.rowTracking.materializedRowIdColumnName",
];

/**
 * Refuses properties that would not be kept to. Names that do not begin with `delta.` are the
 * user's own.
 *
 * @throws {SluiceError} `BAD_PROPERTY` naming the property, its value and what is wanted.
 */
export function checkProperties(properties: TableProperties, occasion: PropertyOccasion): void {
  for (const [name, value] of Object.entries(properties)) {
    if (!name.toLowerCase().startsWith("delta.")) continue;
    const wanted = wantedInstead(name, value, occasion);
    if (wanted === undefined) continue;
    throw new SluiceError("BAD_PROPERTY", {
      attempted: occasion === "create" ? "create a Delta table" : "set properties of a Delta table",
      where: `property "${name}"`,
      found: JSON.stringify(value),
      wanted,
    });
  }
}

/** The properties that the metadata keeps: not those that speak of the protocol. */
export function storedProperties(properties: TableProperties): TableProperties {
  return Object.fromEntries(
    Object.entries(properties).filter(([name]) =>
      !name.startsWith(FEATURE) && name !== "delta.minReaderVersion" &&
      name !== "delta.minWriterVersion"
    ),
  );
}

function wantedInstead(
  name: string,
  value: string,
  occasion: PropertyOccasion,
): string | undefined {
  if (name.startsWith(FEATURE)) return wantedFeature(name.slice(FEATURE.length), value);
  if (name.startsWith(CONSTRAINTS)) {
    return occasion === "create"
      ? undefined
      : "a constraint added by addConstraint, which checks the rows";
  }
  if (KEPT_BY_WRITERS.includes(name)) return "nothing: writers keep it by themselves";
  const check = { ...HONOURED, ...HARMLESS }[name];
  if (check !== undefined) return check(value);
  const alike = [...Object.keys(HONOURED), ...Object.keys(HARMLESS)]
    .find((known) => known.toLowerCase() === name.toLowerCase());
  return alike === undefined
    ? `one of ${Object.keys(HONOURED).join(", ")}; others are not kept to here`
    : `the name as it is written: "${alike}"`;
}

function wantedFeature(feature: string, value: string): string | undefined {
  if (!Object.hasOwn(TABLE_FEATURES, feature)) {
    return `delta.feature. and one of ${Object.keys(TABLE_FEATURES).join(", ")}`;
  }
  return oneOf("supported", "enabled")(value);
}

function oneOf(...values: readonly string[]): Check {
  return (value) => values.includes(value) ? undefined : `one of ${values.join(", ")}`;
}

function inAnyCase(...values: readonly string[]): Check {
  const check = oneOf(...values);
  return (value) => check(value.toLowerCase());
}

function columnPaths(value: string): string | undefined {
  try {
    for (const path of statsColumns({ "delta.dataSkippingStatsColumns": value }) ?? []) {
      parseColumnPath(path);
    }
    return undefined;
  } catch {
    return "names of columns with commas between them";
  }
}
