import type { DataType, PrimitiveType, StructField } from "../../core/mod.ts";
import type { TokenReader } from "./token_reader.ts";

const PRIMITIVES: Readonly<Record<string, PrimitiveType>> = {
  STRING: "string",
  BINARY: "binary",
  BOOLEAN: "boolean",
  BYTE: "byte",
  TINYINT: "byte",
  SHORT: "short",
  SMALLINT: "short",
  INT: "integer",
  INTEGER: "integer",
  LONG: "long",
  BIGINT: "long",
  FLOAT: "float",
  REAL: "float",
  DOUBLE: "double",
  DATE: "date",
  TIMESTAMP: "timestamp",
  TIMESTAMP_LTZ: "timestamp",
  TIMESTAMP_NTZ: "timestamp_ntz",
};

/** Reads a type as CAST names it: `bigint`, `decimal(18, 8)`, `array<string>`. */
export function parseType(reader: TokenReader): DataType {
  const word = reader.next();
  const primitive = PRIMITIVES[word.keyword];
  if (primitive !== undefined) return primitive;
  switch (word.keyword) {
    case "DECIMAL":
    case "DEC":
    case "NUMERIC":
      return decimalType(reader);
    case "ARRAY": {
      reader.expect("<");
      const elementType = parseType(reader);
      reader.expect(">");
      return { type: "array", elementType, containsNull: true };
    }
    case "MAP": {
      reader.expect("<");
      const keyType = parseType(reader);
      reader.expect(",");
      const valueType = parseType(reader);
      reader.expect(">");
      return { type: "map", keyType, valueType, valueContainsNull: true };
    }
    case "STRUCT":
      return { type: "struct", fields: structFields(reader) };
  }
  throw reader.unexpected("a type: int, bigint, decimal(18, 8), string, date, timestamp, …", word);
}

function decimalType(reader: TokenReader): DataType {
  if (!reader.skip("(")) return { type: "decimal", precision: 10, scale: 0 };
  const precisionToken = reader.peek();
  const precision = smallInteger(reader);
  const scale = reader.skip(",") ? smallInteger(reader) : 0;
  reader.expect(")");
  if (precision < 1 || precision > 38 || scale > precision) {
    throw reader.unexpected("a precision of 1 to 38 and a scale up to it", precisionToken);
  }
  return { type: "decimal", precision, scale };
}

function structFields(reader: TokenReader): StructField[] {
  const fields: StructField[] = [];
  reader.expect("<");
  do {
    const name = reader.name();
    reader.skip(":");
    fields.push({ name, type: parseType(reader), nullable: true, sourceName: name });
  } while (reader.skip(","));
  reader.expect(">");
  return fields;
}

function smallInteger(reader: TokenReader): number {
  const token = reader.next();
  if (token.kind !== "number" || !/^\d{1,2}$/.test(token.text)) {
    throw reader.unexpected("a number of digits", token);
  }
  return Number(token.text);
}
