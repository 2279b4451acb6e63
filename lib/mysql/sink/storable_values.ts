import {
  type Batch,
  BytesColumn,
  type Column,
  type MicroBatch,
  NumberColumn,
  type Rejection,
  SluiceError,
  type StructField,
} from "../../core/mod.ts";
import { indexColumns } from "./key_hash.ts";
import type { TableColumn } from "./table_columns.ts";

const SPACE = 0x20;
/** Of the second and later bytes of a character in UTF-8. */
const CONTINUATION_MASK = 0xc0;
const CONTINUATION = 0x80;

/** Says what is wrong with a value, or nothing. */
type Fault = (row: number) => string | undefined;

/** What the columns of a table cannot hold, of what the schema's types allow. */
export class StorableValues {
  readonly #columns: ReadonlyMap<string, TableColumn>;
  readonly #keyNames: readonly string[];
  readonly #indexNames: readonly string[];

  /** Takes the columns of the table, and those that its rows are told apart by. */
  constructor(columns: readonly TableColumn[], key: readonly StructField[]) {
    this.#columns = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
    this.#keyNames = key.map(({ name }) => name);
    this.#indexNames = indexColumns(key);
  }

  /**
   * The rows from `startRow` on that the table cannot hold, in ascending order: those with a number
   * that is none or infinite, and with text or bytes that are too long for their column.
   */
  unstorableRows(batch: Batch, startRow: number): Rejection[] {
    return this.#rejections(batch, startRow, batch.schema.fields);
  }

  /**
   * Refuses rows that come from operators, for which there are no dead letters.
   *
   * @throws {SluiceError} `BAD_VALUE`.
   */
  refuseUnstorable(batch: Batch, attempted: string): void {
    const [first] = this.unstorableRows(batch, 0);
    if (first === undefined) return;
    throw new SluiceError("BAD_VALUE", {
      attempted,
      where: `row ${first.index}`,
      found: first.error,
      hint: "filter such rows out of the query, or alter the column to one that holds them",
    });
  }

  /**
   * A batch without the deletes whose keys no row of the table can have: there is nothing to take out,
   * and such a key would be an error, or be taken for another.
   */
  withoutAbsentKeys(batch: MicroBatch): MicroBatch {
    const { deletes } = batch;
    if (deletes === undefined) return batch;
    const key = deletes.schema.fields.filter(({ name }) => this.#keyNames.includes(name));
    const absent = new Set(this.#rejections(deletes, 0, key).map(({ index }) => index));
    if (absent.size === 0) return batch;
    const rows = Int32Array.from({ length: deletes.numRows }, (_, row) => row)
      .filter((row) => !absent.has(row));
    return { ...batch, deletes: deletes.take(rows) };
  }

  #rejections(batch: Batch, startRow: number, checked: readonly StructField[]): Rejection[] {
    const errors = new Map<number, string[]>();
    batch.schema.fields.forEach((field, i) => {
      if (!checked.includes(field)) return;
      const column = batch.columns[i]!;
      const fault = this.#faultOf(field, column);
      if (fault === undefined) return;
      for (let row = startRow; row < column.length; row++) {
        const error = column.isNull(row) ? undefined : fault(row);
        if (error === undefined) continue;
        const others = errors.get(row) ?? [];
        others.push(`${error} in column "${field.name}"`);
        errors.set(row, others);
      }
    });
    return [...errors].sort(([a], [b]) => a - b).map(([index, texts]) => ({
      index,
      error: `${texts.join(", ")}, which MySQL cannot store there`,
    }));
  }

  #faultOf({ name }: StructField, column: Column): Fault | undefined {
    if (column instanceof NumberColumn && (column.type === "float" || column.type === "double")) {
      const { values } = column;
      return (row) => Number.isFinite(values[row]) ? undefined : String(values[row]);
    }
    const found = this.#columns.get(name.toLowerCase());
    if (found === undefined || !(column instanceof BytesColumn)) return undefined;
    const isPadded = column.type === "string" && found.collation === "utf8mb4_bin" &&
      this.#indexNames.includes(name);
    // No batch has more bytes than that.
    if (!isPadded && (found.maxBytes ?? Infinity) >= 2 ** 31) return undefined;
    return (row) => tooLong(column, row, found) ?? (isPadded ? padding(column, row) : undefined);
  }
}

function tooLong(column: BytesColumn, row: number, found: TableColumn): string | undefined {
  const { dataType, maxBytes = Infinity, maxCharacters = Infinity } = found;
  const bytes = column.offsets[row + 1]! - column.offsets[row]!;
  if (dataType !== "varchar") return bytes > maxBytes ? `${bytes} bytes` : undefined;
  if (bytes <= maxCharacters) return undefined;
  const characters = countCharacters(column.bytesAt(row));
  return characters > maxCharacters ? `text of ${characters} characters` : undefined;
}

/** In `utf8mb4_bin` it would be the same key without them. */
function padding(column: BytesColumn, row: number): string | undefined {
  return column.bytesAt(row).at(-1) === SPACE ? "a key with a space at its end" : undefined;
}

function countCharacters(utf8: Uint8Array): number {
  let count = 0;
  for (const byte of utf8) if ((byte & CONTINUATION_MASK) !== CONTINUATION) count++;
  return count;
}
