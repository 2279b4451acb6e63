import type { Batch } from "./batch.ts";
import { BytesColumn } from "./bytes_column.ts";
import type { Column } from "./column.ts";
import type { Decoder } from "./decoder.ts";
import { SluiceError } from "./errors.ts";
import { BooleanColumn, Decimal128Column, Int64Column, NumberColumn } from "./fixed_columns.ts";
import type { RecordBlock } from "./records.ts";
import type { Schema } from "./schema.ts";

/**
 * The decoder of a source whose records are typed rows already: it takes them over as they are, so
 * none is ever rejected.
 *
 * @throws {SluiceError} `BAD_PIPELINE` from `decode` for records that are not rows.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch } from "./batch.ts";
 * import { rowBlock } from "./row_block.ts";
 * import { rowsDecoder } from "./rows_decoder.ts";
 * import { schema as s } from "./schema.ts";
 *
 * const Trade = s.struct({ id: s.long() });
 * const rows = new Batch(Trade);
 * rows.append({ id: 7n });
 * const block = rowBlock({ topic: "t", partition: 0, baseOffset: 0n }, rows as unknown as Batch);
 *
 * const batch = new Batch(Trade);
 * deepEqual(await rowsDecoder(Trade).decode(block, batch), []);
 * deepEqual(batch.row(0), { id: 7n });
 * ```
 */
export function rowsDecoder<Row>(schema: Schema<Row>): Decoder<Row> {
  return {
    schema,
    decode(block, batch) {
      appendRows(rowsOf(block), batch);
      return [];
    },
  };
}

function rowsOf({ rows, topic, partition }: RecordBlock): Batch {
  if (rows !== undefined) return rows;
  throw new SluiceError("BAD_PIPELINE", {
    attempted: "take rows from a source",
    where: `${topic}-${partition}`,
    found: "records that are bytes",
    wanted: "rows that are typed already",
    hint: "name a decoder for the source's records: .decode(json(Schema))",
  });
}

function appendRows<Row>(rows: Batch, batch: Batch<Row>): void {
  batch.reserve(batch.numRows + rows.numRows);
  rows.columns.forEach((column, i) => appendColumn(column, batch.columns[i]!));
}

/** Values of fixed size and bytes go over without an object for each. */
function appendColumn(from: Column, to: Column): void {
  for (let row = 0; row < from.length; row++) {
    if (from.isNull(row)) to.appendNull();
    else if (from instanceof Int64Column && to instanceof Int64Column) {
      to.appendWords(from.words[row * 2]!, from.words[row * 2 + 1]!);
    } else if (from instanceof NumberColumn && to instanceof NumberColumn) {
      to.appendNumber(from.values[row]!);
    } else if (from instanceof BytesColumn && to instanceof BytesColumn) {
      to.appendBytes(from.data, from.offsets[row]!, from.offsets[row + 1]!);
    } else if (from instanceof BooleanColumn && to instanceof BooleanColumn) {
      to.appendBoolean(from.values[row] === 1);
    } else if (from instanceof Decimal128Column && to instanceof Decimal128Column) {
      to.tryAppendBigInt(from.unscaledAt(row));
    } else {
      to.append(from.get(row));
    }
  }
}
