import { Batch, type DataType } from "../../core/mod.ts";
import { encodeParquet } from "../../parquet/mod.ts";
import type { Action, RemoveFile } from "../protocol/actions.ts";
import { CHECKPOINT_SCHEMA } from "./checkpoint_schema.ts";
import { checkpointName, LAST_CHECKPOINT } from "./log_files.ts";
import type { LogStore } from "./log_store.ts";
import type { Snapshot } from "./snapshot.ts";
import { tombstoneRetentionMs } from "../protocol/table_properties.ts";

/**
 * Writes what a version of the table is into one Parquet file, and the hint that it is there.
 * Tombstones past their retention are left behind. A crash in between is harmless.
 */
export async function writeCheckpoint(
  store: LogStore,
  snapshot: Snapshot,
  nowMs: number,
): Promise<void> {
  const batch = new Batch(CHECKPOINT_SCHEMA);
  const type = CHECKPOINT_SCHEMA.type;
  for (const action of checkpointActions(snapshot, nowMs)) {
    (batch as Batch).append(rowValue(type, action) as Record<string, unknown>);
  }
  const contents = await encodeParquet(batch as Batch);
  await store.write(checkpointName(snapshot.version), contents);
  const hint = {
    version: snapshot.version,
    size: batch.numRows,
    sizeInBytes: contents.length,
    numOfAddFiles: snapshot.numFiles,
  };
  await store.write(LAST_CHECKPOINT, new TextEncoder().encode(JSON.stringify(hint)));
}

function* checkpointActions(snapshot: Snapshot, nowMs: number): Generator<Action> {
  yield { protocol: snapshot.protocol };
  yield { metaData: snapshot.metadata };
  for (const txn of snapshot.txns()) yield { txn };
  for (const domainMetadata of snapshot.domains()) yield { domainMetadata };
  const expiredMs = nowMs - tombstoneRetentionMs(snapshot.metadata.configuration);
  for (const remove of snapshot.tombstones()) {
    if ((remove.deletionTimestamp ?? 0) > expiredMs) yield { remove: withoutStats(remove) };
  }
  for (const add of snapshot.files()) yield { add: { ...add, dataChange: false } };
}

function withoutStats({ stats: _stats, tags: _tags, ...remove }: RemoveFile): RemoveFile {
  return { ...remove, dataChange: false };
}

/** A value of an action as a row of a batch holds it. */
function rowValue(type: DataType, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (type === "long") return BigInt(value as number);
  if (typeof type === "string" || type.type === "decimal") return value;
  if (type.type === "array") return value;
  const object = value as Record<string, unknown>;
  if (type.type === "map") return new Map(Object.entries(object));
  return Object.fromEntries(
    type.fields.map((field) => [field.name, rowValue(field.type, object[field.name])]),
  );
}
