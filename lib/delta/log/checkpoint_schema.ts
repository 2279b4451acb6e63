import { Schema, schema as s } from "../../core/mod.ts";

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

/** The column that v2 checkpoints have besides: where more of their actions are. */
const SIDECAR = s.struct({ path: text(), sizeInBytes: long(), modificationTime: long() });

/** The columns of a checkpoint: one for each kind of action, of which a row has one. */
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

/** The columns read from a checkpoint: those written here, and what v2 checkpoints have besides. */
export const READ_CHECKPOINT_SCHEMA = new Schema([
  ...CHECKPOINT_SCHEMA.fields,
  { name: "sidecar", type: SIDECAR.type, nullable: true, sourceName: "sidecar" },
]);
