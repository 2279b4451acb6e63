import { Batch, type Column, failpoint } from "../../core/mod.ts";
import { encodeParquet } from "../../parquet/mod.ts";
import type { AddFile, RemoveFile, SetTransaction, Sidecar } from "../protocol/actions.ts";
import { columnMapping } from "../protocol/column_mapping.ts";
import {
  checkpointStats,
  tombstoneRetentionMs,
  txnRetentionMs,
} from "../protocol/table_properties.ts";
import {
  actionColumn,
  type AppenderFor,
  type FieldAppender,
  plainAppender,
} from "./checkpoint_columns.ts";
import {
  type ActionKind,
  actionType,
  type AddColumns,
  schemaOfKinds,
} from "./checkpoint_schema.ts";
import { writeLastCheckpoint } from "./last_checkpoint.ts";
import { checkpointName, v2CheckpointName } from "./log_files.ts";
import { type LogStore, SIDECARS } from "./log_store.ts";
import {
  partitionValuesAppender,
  partitionValuesType,
  statsAppender,
  statsType,
} from "./parsed_stats.ts";
import type { Snapshot } from "./snapshot.ts";

/** Actions on files in one file of a v2 checkpoint; with more, they go to sidecars of this size. */
const FILE_ACTIONS_PER_FILE = 50_000;

/** Actions of one kind, and how their fields get into columns. */
interface KindRows {
  readonly kind: ActionKind;
  readonly actions: readonly object[];
  readonly appenderFor?: AppenderFor<never>;
}

/**
 * Writes what a version of the table is into one Parquet file, or where `delta.checkpointPolicy` is
 * `v2` into a file and its sidecars, and the hint that it is there. Tombstones past their retention
 * are left behind, and so are the keys of applications that the table's
 * `delta.setTransactionRetentionDuration` lets go. See Delta's "checkpoints".
 *
 * A crash in between is harmless: sidecars that no checkpoint names are cleaned up in time, and the
 * hint may be old. The same version may be written again.
 */
export async function writeCheckpoint(
  store: LogStore,
  snapshot: Snapshot,
  nowMs: number,
): Promise<void> {
  const columns = addColumns(snapshot);
  const rows = tableRows(snapshot, nowMs);
  const files = fileRows(snapshot, nowMs);
  const size = countActions([...rows, ...files]);
  const hint = { version: snapshot.version, numOfAddFiles: snapshot.numFiles };
  if (!hasV2Checkpoints(snapshot)) {
    const contents = await encodeActions([...rows, ...files], columns);
    await store.write(checkpointName(snapshot.version), contents);
    await failpoint("delta:checkpoint-written");
    await writeLastCheckpoint(store, { ...hint, size, sizeInBytes: contents.length });
    return;
  }
  const sidecars = countActions(files) > FILE_ACTIONS_PER_FILE
    ? await writeSidecars(store, files, columns, nowMs)
    : [];
  const contents = await encodeActions([
    { kind: "checkpointMetadata", actions: [{ version: snapshot.version }] },
    ...rows,
    // Readers want columns for files even where these are in sidecars, and the other way about.
    ...(sidecars.length === 0 ? files : files.map((rows) => ({ ...rows, actions: [] }))),
    { kind: "sidecar", actions: sidecars },
  ], columns);
  const path = v2CheckpointName(snapshot.version, crypto.randomUUID());
  await store.write(path, contents);
  await failpoint("delta:checkpoint-written");
  await writeLastCheckpoint(store, {
    ...hint,
    size: size + 1 + sidecars.length,
    sizeInBytes: sidecars.reduce((sum, file) => sum + file.sizeInBytes, contents.length),
    v2Checkpoint: { path, sizeInBytes: contents.length, modificationTime: nowMs },
  });
}

function hasV2Checkpoints({ protocol, metadata }: Snapshot): boolean {
  return metadata.configuration["delta.checkpointPolicy"] === "v2" &&
    protocol.writerFeatures?.includes("v2Checkpoint") === true;
}

/** All but the files. */
function tableRows(snapshot: Snapshot, nowMs: number): KindRows[] {
  const retentionMs = txnRetentionMs(snapshot.metadata.configuration);
  const isLive = ({ lastUpdated }: SetTransaction) =>
    retentionMs === undefined || lastUpdated === undefined || lastUpdated > nowMs - retentionMs;
  return [
    { kind: "protocol", actions: [snapshot.protocol] },
    { kind: "metaData", actions: [snapshot.metadata] },
    { kind: "txn", actions: [...snapshot.txns()].filter(isLive) },
    { kind: "domainMetadata", actions: [...snapshot.domains()] },
  ];
}

/** The files that are there, and those that were. */
function fileRows(snapshot: Snapshot, nowMs: number): KindRows[] {
  const expiredMs = nowMs - tombstoneRetentionMs(snapshot.metadata.configuration);
  const isKnown = ({ deletionTimestamp = 0 }: RemoveFile) => deletionTimestamp > expiredMs;
  return [
    {
      kind: "remove",
      actions: [...snapshot.tombstones()].filter(isKnown),
      appenderFor: fileAppender,
    },
    { kind: "add", actions: [...snapshot.files()], appenderFor: fileAppender },
  ];
}

function fileAppender(column: Column, name: string): FieldAppender<AddFile> {
  if (name === "dataChange") return () => column.append(false);
  if (name === "stats_parsed") return statsAppender(column);
  if (name === "partitionValues_parsed") return partitionValuesAppender(column);
  return plainAppender(column, name);
}

/** How the table wants the statistics of its files in checkpoints. */
function addColumns({ metadata, schema, location }: Snapshot): AddColumns {
  const { configuration, partitionColumns } = metadata;
  const { asJson: statsJson, asStruct } = checkpointStats(configuration);
  if (!asStruct) return { statsJson };
  const mapping = columnMapping(metadata, schema, location);
  const stored = schema.fields.filter(({ name }) => !partitionColumns.includes(name));
  const partitionValuesParsed = partitionValuesType(schema, partitionColumns, mapping);
  return {
    statsJson,
    statsParsed: statsType(stored, mapping),
    ...(partitionValuesParsed === undefined ? {} : { partitionValuesParsed }),
  };
}

async function writeSidecars(
  store: LogStore,
  files: readonly KindRows[],
  columns: AddColumns,
  nowMs: number,
): Promise<Sidecar[]> {
  const sidecars: Sidecar[] = [];
  for (const part of partsOf(files, FILE_ACTIONS_PER_FILE)) {
    const path = `${crypto.randomUUID()}.parquet`;
    const contents = await encodeActions(part, columns);
    await store.write(`${SIDECARS}/${path}`, contents);
    sidecars.push({ path, sizeInBytes: contents.length, modificationTime: nowMs });
    await failpoint("delta:sidecar-written");
  }
  return sidecars;
}

/** The same rows, so many at a time. */
function* partsOf(rows: readonly KindRows[], maxRows: number): Generator<KindRows[]> {
  const numRows = countActions(rows);
  for (let start = 0; start < numRows; start += maxRows) {
    let before = 0;
    yield rows.map((kindRows) => {
      const { actions } = kindRows;
      const from = Math.max(start - before, 0);
      const to = Math.max(start + maxRows - before, 0);
      before += actions.length;
      return { ...kindRows, actions: actions.slice(from, to) };
    });
  }
}

async function encodeActions(
  rows: readonly KindRows[],
  columns: AddColumns,
): Promise<Uint8Array> {
  const numRows = countActions(rows);
  let start = 0;
  const filled = rows.map(({ kind, actions, appenderFor }) => {
    const type = actionType(kind, columns);
    const column = actionColumn(type, actions, start, numRows, appenderFor as AppenderFor<object>);
    start += actions.length;
    return column;
  });
  const schema = schemaOfKinds(rows.map(({ kind }) => kind), columns);
  return await encodeParquet(new Batch(schema, 0, filled));
}

function countActions(rows: readonly KindRows[]): number {
  return rows.reduce((sum, { actions }) => sum + actions.length, 0);
}
