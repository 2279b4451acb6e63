import {
  BooleanColumn,
  BytesColumn,
  type Column,
  Decimal128Column,
  Int64Column,
  NumberColumn,
} from "../../core/mod.ts";
import type { CellWriter } from "./cell_writer.ts";
import { JsonbWriter } from "./jsonb_writer.ts";
import { NumericWriter } from "./numeric_writer.ts";
import { BooleanWriter, BytesWriter, Int64Writer, numberWriter } from "./scalar_writers.ts";

/** Postgres counts from 2000-01-01. */
const MICROS_TO_2000 = 946_684_800_000_000;

/** The writer of a column, chosen by its type. */
export function columnWriter(column: Column): CellWriter {
  if (column instanceof BytesColumn) return new BytesWriter(column);
  if (column instanceof BooleanColumn) return new BooleanWriter(column);
  if (column instanceof NumberColumn) return numberWriter(column);
  if (column instanceof Decimal128Column) return new NumericWriter(column, column.type);
  if (column instanceof Int64Column) {
    if (typeof column.type === "object" && column.type.type === "decimal") {
      return new NumericWriter(column, column.type);
    }
    return new Int64Writer(column, column.type === "long" ? 0 : MICROS_TO_2000);
  }
  return new JsonbWriter(column);
}
