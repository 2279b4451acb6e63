import { type DataType, Decimal, parseDateDays, parseTimestampMicros } from "../../core/mod.ts";
import { parseJson } from "./parse_json.ts";

const DOUBLE_TEXT = /^(NaN|-?Infinity|-?\d+(\.\d+)?(e[+-]?\d+)?)$/i;

/**
 * The value that Postgres wrote as text, as rows hold it; `undefined` if it is none of the type, such
 * as a day before our era or a number that is not one. Nested values are JSON, binary ones hexadecimal.
 */
export function parseText(type: DataType, text: string): unknown {
  if (typeof type === "object") {
    return type.type === "decimal" ? Decimal.tryParse(text) : parseJson(type, text);
  }
  switch (type) {
    case "string":
      return text;
    case "binary":
      return Uint8Array.fromHex(text);
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "byte":
    case "short":
    case "integer":
      return /^-?\d+$/.test(text) ? Number(text) : undefined;
    case "long":
      return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
    case "float":
    case "double":
      return DOUBLE_TEXT.test(text) ? Number(text) : undefined;
    case "date":
      return parseDateDays(text);
    case "timestamp":
      return parseTimestampMicros(text, "required");
    case "timestamp_ntz":
      return parseTimestampMicros(text, "forbidden");
  }
}
