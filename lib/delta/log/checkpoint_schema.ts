import {
  type DataType,
  Schema,
  schema as s,
  type StructField,
  type StructType,
} from "../../core/mod.ts";

const text = () => s.string().nullable();
const long = () => s.long().nullable();
const texts = () => s.map(s.string(), text()).nullable();

const deletionVector = () =>
  s.struct({
    storageType: text(),
    pathOrInlineDv: text(),
    offset: s.integer().nullable(),
    sizeInBytes: s.integer().nullable(),
    cardinality: long(),
  }).nullable();

const CHECKPOINT_METADATA = s.struct({ version: long(), tags: texts() });
const SIDECAR = s.struct({
  path: text(),
  sizeInBytes: long(),
  modificationTime: long(),
  tags: texts(),
});

/** The columns that every checkpoint has: one for each kind of action, of which a row has one. */
export const CHECKPOINT_SCHEMA = s.struct({
  protocol: s.struct({
    minReaderVersion: s.integer().nullable(),
    minWriterVersion: s.integer().nullable(),
    readerFeatures: s.array(text()).nullable(),
    writerFeatures: s.array(text()).nullable(),
  }).nullable(),
  metaData: s.struct({
    id: text(),
    name: text(),
    description: text(),
    format: s.struct({ provider: text(), options: texts() }).nullable(),
    schemaString: text(),
    partitionColumns: s.array(text()).nullable(),
    createdTime: long(),
    configuration: texts(),
  }).nullable(),
  txn: s.struct({ appId: text(), version: long(), lastUpdated: long() }).nullable(),
  domainMetadata: s.struct({
    domain: text(),
    configuration: text(),
    removed: s.boolean().nullable(),
  }).nullable(),
  add: s.struct({
    path: text(),
    partitionValues: texts(),
    size: long(),
    modificationTime: long(),
    dataChange: s.boolean().nullable(),
    stats: text(),
    tags: texts(),
    deletionVector: deletionVector(),
    baseRowId: long(),
    defaultRowCommitVersion: long(),
    clusteringProvider: text(),
  }).nullable(),
  remove: s.struct({
    path: text(),
    deletionTimestamp: long(),
    dataChange: s.boolean().nullable(),
    extendedFileMetadata: s.boolean().nullable(),
    partitionValues: texts(),
    size: long(),
    deletionVector: deletionVector(),
    baseRowId: long(),
    defaultRowCommitVersion: long(),
  }).nullable(),
});

/** The columns read from a checkpoint: those of every checkpoint, and what v2 checkpoints have besides. */
export const READ_CHECKPOINT_SCHEMA = new Schema([
  ...CHECKPOINT_SCHEMA.fields,
  field("sidecar", SIDECAR.type),
]);

/** A kind of action that a checkpoint has a column for. */
export type ActionKind =
  | keyof typeof CHECKPOINT_SCHEMA.rowType
  | "checkpointMetadata"
  | "sidecar";

/** What a table's `add` column has more or less than usual. */
export interface AddColumns {
  /** False: statistics are not there as JSON. */
  readonly statsJson: boolean;
  /** The type of `stats_parsed`; absent: there is no such column. */
  readonly statsParsed?: StructType;
  /** The type of `partitionValues_parsed`; absent: there is no such column. */
  readonly partitionValuesParsed?: StructType;
}

/** The type of a kind of action's column in a checkpoint that is written. */
export function actionType(kind: ActionKind, columns: AddColumns): StructType {
  if (kind === "checkpointMetadata") return CHECKPOINT_METADATA.type;
  if (kind === "sidecar") return SIDECAR.type;
  const type = CHECKPOINT_SCHEMA.fields.find(({ name }) => name === kind)!.type as StructType;
  return kind === "add" ? addType(type, columns) : type;
}

/** The schema of a checkpoint's file with these columns. */
export function schemaOfKinds(kinds: readonly ActionKind[], columns: AddColumns): Schema {
  return new Schema(kinds.map((kind) => field(kind, actionType(kind, columns))));
}

function addType({ fields }: StructType, columns: AddColumns): StructType {
  const { statsJson, statsParsed, partitionValuesParsed } = columns;
  return {
    type: "struct",
    fields: [
      ...fields.filter(({ name }) => statsJson || name !== "stats"),
      ...(partitionValuesParsed === undefined
        ? []
        : [field("partitionValues_parsed", partitionValuesParsed)]),
      ...(statsParsed === undefined ? [] : [field("stats_parsed", statsParsed)]),
    ],
  };
}

function field(name: string, type: DataType): StructField {
  return { name, type, nullable: true, sourceName: name };
}
