import type { DataType, DecimalType } from "../../core/mod.ts";
import type { TableColumn } from "./table_columns.ts";

const INTEGERS = ["tinyint", "smallint", "mediumint", "int", "bigint"];
/** By how many of `INTEGERS` are too narrow for it. */
const FIRST_INTEGER: Readonly<Record<string, number>> = {
  boolean: 0,
  byte: 0,
  short: 1,
  integer: 3,
  long: 4,
};
// `char` and `binary` are not among them: they lose spaces at the end, or gain zeros.
const TEXTS = ["varchar", "text", "mediumtext", "longtext"];
const BYTES = ["varbinary", "blob", "mediumblob", "longblob"];

/** True if a column holds every value of a type, but for texts and bytes that are too long for it. */
export function holdsEveryValue(column: TableColumn, type: DataType): boolean {
  const { dataType, columnType } = column;
  if (typeof type === "object") {
    return type.type === "decimal"
      ? dataType === "decimal" && !isUnsigned(columnType) && holdsDecimal(column, type)
      : dataType === "json" || dataType === "longtext" && isUtf8(column);
  }
  switch (type) {
    case "string":
      return TEXTS.includes(dataType) && isUtf8(column);
    case "binary":
      return BYTES.includes(dataType);
    case "float":
      return (dataType === "float" || dataType === "double") && isWhole(column);
    case "double":
      return dataType === "double" && isWhole(column);
    case "date":
      return dataType === "date";
    case "timestamp":
    case "timestamp_ntz":
      // `timestamp` begins in 1970 and ends in 2038.
      return dataType === "datetime" && column.fraction === 6;
    default:
      return INTEGERS.indexOf(dataType) >= FIRST_INTEGER[type]! && !isUnsigned(columnType);
  }
}

/** False for `double(10,2)`, which rounds. */
function isWhole({ scale, columnType }: TableColumn): boolean {
  return scale === undefined && !isUnsigned(columnType);
}

function isUnsigned(columnType: string): boolean {
  return /unsigned|zerofill/i.test(columnType);
}

function isUtf8({ characterSet }: TableColumn): boolean {
  return characterSet === "utf8mb4";
}

function holdsDecimal(column: TableColumn, { precision, scale }: DecimalType): boolean {
  const foundScale = column.scale ?? 0;
  return foundScale >= scale && (column.precision ?? 0) - foundScale >= precision - scale;
}
