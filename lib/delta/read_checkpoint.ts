import type { Batch, DataType, StructColumn } from "../core/mod.ts";
import { decodeParquet } from "../parquet/mod.ts";
import type { Action } from "./actions.ts";
import { CHECKPOINT_SCHEMA } from "./checkpoint_schema.ts";

/** The actions in one file of a checkpoint. */
export async function readCheckpoint(file: Uint8Array): Promise<Action[]> {
  const batch = await decodeParquet(file, CHECKPOINT_SCHEMA as Batch["schema"]);
  const actions: Action[] = [];
  CHECKPOINT_SCHEMA.fields.forEach(({ name, type }, i) => {
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
