import {
  BooleanColumn,
  BytesColumn,
  type Column,
  Int64Column,
  ListColumn,
  MapColumn,
  NumberColumn,
  SluiceError,
  StructColumn,
} from "../../core/mod.ts";
import { decodeParquet } from "../../parquet/mod.ts";
import type { Action, AddFile } from "../protocol/actions.ts";
import { refuseStrangeAction } from "../protocol/check_action.ts";
import { READ_CHECKPOINT_SCHEMA } from "./checkpoint_schema.ts";
import { structForms } from "./struct_forms.ts";

/** The value of a row, as actions hold it; `undefined` for null. */
type RowReader = (row: number) => unknown;

/** Strings may not be much longer than this; V8 throws. */
const MAX_TEXT_LENGTH = 2 ** 28;
const NO_INDICES: readonly number[] = [];
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The actions in a checkpoint's Parquet file, in no order that means anything: the file reconciles
 * them already. Goes by the columns, as a table may have many files.
 *
 * @throws {SluiceError} `PARQUET_DECODE`, `PARQUET_TYPE`, or `CORRUPT_LOG` for what is no action.
 */
export async function checkpointActions(file: Uint8Array): Promise<Action[]> {
  const batch = await decodeParquet(file, READ_CHECKPOINT_SCHEMA);
  const actions: Action[] = [];
  for (const [i, { name }] of READ_CHECKPOINT_SCHEMA.fields.entries()) {
    const column = batch.columns[i]!;
    const readBody = name === "add" ? await addReader(file, column) : rowReader(column);
    for (let row = 0; row < column.length; row++) {
      const body = readBody(row);
      if (body === undefined) continue;
      const action = { [name]: body };
      refuseStrangeAction(action, `row ${row + 1}`);
      actions.push(action);
    }
  }
  return actions;
}

/** Reads `add`; where it lacks statistics or partition values, from the structs that have them. */
async function addReader(file: Uint8Array, column: Column): Promise<RowReader> {
  const readAdd = rowReader(column);
  const forms = await structForms(file, column as StructColumn);
  if (forms === undefined) return readAdd;
  return (row) => {
    const add = readAdd(row) as AddFile | undefined;
    return add === undefined ? undefined : { ...forms(row), ...add };
  };
}

function rowReader(column: Column): RowReader {
  const read = valueReader(column);
  const { validity } = column;
  return validity === undefined ? read : (row) => validity[row] === 0 ? undefined : read(row);
}

function valueReader(column: Column): RowReader {
  if (column instanceof BytesColumn) return textReader(column);
  if (column instanceof Int64Column) return (row) => integerAt(column, row);
  if (column instanceof NumberColumn) return (row) => column.values[row];
  if (column instanceof BooleanColumn) return (row) => column.values[row] === 1;
  if (column instanceof StructColumn) return objectReader(column);
  if (column instanceof ListColumn) {
    const read = rowReader(column.elements);
    return (row) => indices(column, row).map(read);
  }
  if (column instanceof MapColumn) return mapReader(column);
  throw new TypeError(`no checkpoint has a column of type ${JSON.stringify(column.type)}`);
}

/** Null is a value within partition values. */
function mapReader(column: MapColumn): RowReader {
  const readKey = rowReader(column.keys);
  const readValue = rowReader(column.values);
  return (row) =>
    Object.fromEntries(indices(column, row).map((i) => [readKey(i), readValue(i) ?? null]));
}

/** Decoding once and cutting is much faster than decoding each, but only ASCII can be cut. */
function textReader(column: BytesColumn): RowReader {
  const { offsets, dataLength } = column;
  if (dataLength <= MAX_TEXT_LENGTH) {
    const all = utf8.decode(column.data.subarray(0, dataLength));
    if (all.length === dataLength) {
      return (row) => all.slice(offsets[row]!, offsets[row + 1]!);
    }
  }
  return (row) => column.get(row);
}

function objectReader(column: StructColumn): RowReader {
  const members = column.type.fields.map(({ name }, i) => ({
    name,
    read: rowReader(column.children[i]!),
  }));
  return (row) => {
    const object: Record<string, unknown> = {};
    for (const { name, read } of members) {
      const value = read(row);
      if (value !== undefined) object[name] = value;
    }
    return object;
  };
}

function integerAt({ words, values }: Int64Column, row: number): number {
  const value = words[row * 2 + 1]! * 2 ** 32 + (words[row * 2]! >>> 0);
  if (Number.isSafeInteger(value)) return value;
  throw new SluiceError("CORRUPT_LOG", {
    attempted: "read an action",
    where: `row ${row + 1}`,
    found: `number ${values[row]}`,
    wanted: "an integer up to 2^53",
  });
}

function indices({ offsets }: ListColumn | MapColumn, row: number): readonly number[] {
  const start = offsets[row]!;
  const length = offsets[row + 1]! - start;
  // Most tables have no partitions, and files no tags.
  return length === 0 ? NO_INDICES : Array.from({ length }, (_, i) => start + i);
}
