import {
  BooleanColumn,
  BytesColumn,
  type Column,
  formatDateDays,
  formatTimestampMicros,
  formatUnscaled,
  Int64Column,
  jsonText,
  NumberColumn,
  SluiceError,
} from "../../core/mod.ts";

const ESCAPES: Readonly<Record<string, string>> = { "'": "''", "\\": "\\\\", "\0": "\\0" };

/** Text in SQL, for a session in which a backslash escapes. */
export function textLiteral(text: string): string {
  return `'${text.replace(/['\\\0]/g, (char) => ESCAPES[char]!)}'`;
}

/** What writes the values of a column in SQL, by row; every digit is kept. */
export function literalWriter(column: Column): (row: number) => string {
  const write = valueWriter(column);
  return (row) => column.isNull(row) ? "null" : write(row);
}

function valueWriter(column: Column): (row: number) => string {
  if (column instanceof BytesColumn) {
    return column.type === "string"
      ? (row) => textLiteral(column.get(row) as string)
      : (row) => `x'${column.bytesAt(row).toHex()}'`;
  }
  if (column instanceof BooleanColumn) return (row) => column.values[row] === 1 ? "1" : "0";
  if (column instanceof NumberColumn) return numberWriter(column);
  if (column instanceof Int64Column) return int64Writer(column);
  if (typeof column.type === "object" && column.type.type === "decimal") {
    return (row) => String(column.get(row));
  }
  return (row) => textLiteral(jsonText(column, row));
}

function numberWriter({ type, values }: NumberColumn): (row: number) => string {
  switch (type) {
    case "date":
      return (row) => `'${formatDateDays(values[row]!)}'`;
    case "float":
    case "double":
      return (row) => doubleLiteral(values[row]!);
    default:
      return (row) => String(values[row]);
  }
}

// A number without an exponent is a decimal to the server.
function doubleLiteral(value: number): string {
  if (!Number.isFinite(value)) {
    throw new SluiceError("BAD_VALUE", {
      attempted: "write a number to MySQL",
      found: String(value),
      wanted: "a finite number",
      hint: "filter such rows out of the query",
    });
  }
  const text = String(value);
  return text.includes("e") ? text : `${text}e0`;
}

function int64Writer({ type, values }: Int64Column): (row: number) => string {
  if (typeof type === "object" && type.type === "decimal") {
    return (row) => formatUnscaled(values[row]!, type.scale);
  }
  return type === "long"
    ? (row) => String(values[row])
    : (row) => `'${formatTimestampMicros(values[row]!).replace("T", " ")}'`;
}
