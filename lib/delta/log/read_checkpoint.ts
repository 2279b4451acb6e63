import { type DataType, SluiceError, type StructColumn } from "../../core/mod.ts";
import { decodeParquet } from "../../parquet/mod.ts";
import { type Action, parseActions, type Sidecar } from "../protocol/actions.ts";
import { READ_CHECKPOINT_SCHEMA } from "./checkpoint_schema.ts";
import type { LogStore } from "./log_store.ts";

/**
 * The actions of a checkpoint, those in its sidecars too, a list for each file; `undefined` if one
 * of its own files has vanished.
 *
 * @throws {SluiceError} `PARQUET_DECODE` or `CORRUPT_CHECKPOINT` naming the file.
 */
export async function readCheckpoint(
  store: LogStore,
  names: readonly string[],
): Promise<Action[][] | undefined> {
  const lists: Action[][] = [];
  for (const name of names) {
    const file = await store.read(name);
    if (file === undefined) return undefined;
    lists.push(await readActions(file, name, store.location));
  }
  const sidecars = lists.flat().map(({ sidecar }) => sidecar).filter((one) => one !== undefined);
  for (const sidecar of sidecars) lists.push(await readSidecar(store, sidecar));
  return lists;
}

async function readSidecar(store: LogStore, sidecar: Sidecar): Promise<Action[]> {
  // The path may be a whole URI; a sidecar lies in this folder all the same.
  const name = `_sidecars/${decodeURIComponent(sidecar.path.split("/").at(-1)!)}`;
  const file = await store.read(name);
  if (file !== undefined) return await readActions(file, name, store.location);
  throw corrupt(`${store.location}/${name}`, "no such file", "a sidecar of the checkpoint");
}

async function readActions(file: Uint8Array, name: string, folder: string): Promise<Action[]> {
  if (!name.endsWith(".json")) return await readParquetActions(file);
  const where = `${folder}/${name}`;
  try {
    return parseActions(file, where);
  } catch (cause) {
    throw corrupt(where, "a line that is no action", "one JSON object a line", cause);
  }
}

function corrupt(where: string, found: string, wanted: string, cause?: unknown): SluiceError {
  return new SluiceError("CORRUPT_CHECKPOINT", {
    attempted: "read a checkpoint",
    where,
    found,
    wanted,
    cause,
  });
}

async function readParquetActions(file: Uint8Array): Promise<Action[]> {
  const batch = await decodeParquet(file, READ_CHECKPOINT_SCHEMA);
  const actions: Action[] = [];
  READ_CHECKPOINT_SCHEMA.fields.forEach(({ name, type }, i) => {
    const column = batch.columns[i] as StructColumn;
    for (let row = 0; row < column.length; row++) {
      if (!column.isNull(row)) actions.push({ [name]: plainValue(type, column.get(row)) });
    }
  });
  return actions;
}

/** A value of a row as actions hold it: no nulls but in maps, numbers, plain objects. */
function plainValue(type: DataType, value: unknown): unknown {
  if (type === "long") return Number(value);
  if (typeof type === "string" || type.type === "decimal" || type.type === "array") return value;
  if (type.type === "map") return Object.fromEntries(value as Map<string, unknown>);
  const object = value as Record<string, unknown>;
  const present = type.fields.filter((field) => object[field.name] !== null);
  return Object.fromEntries(
    present.map((field) => [field.name, plainValue(field.type, object[field.name])]),
  );
}
