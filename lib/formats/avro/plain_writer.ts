import type { DataType, DecimalType } from "../../core/mod.ts";
import type { AvroType } from "./avro_type.ts";
import { isLocalTime, logicalOf, timeUnit, UNITS_PER_SECOND } from "./time_unit.ts";
import {
  BooleanWriter,
  BytesWriter,
  DecimalWriter,
  DoubleWriter,
  EnumWriter,
  FixedWriter,
  FloatWriter,
  IntWriter,
  LongWriter,
  TimeWriter,
  UuidWriter,
  type ValueWriter,
} from "./value_writer.ts";

/** What writes a column without parts as a type; `undefined` if the two do not fit. */
export function plainWriter(type: DataType, writer: AvroType): ValueWriter | undefined {
  const logical = logicalOf(writer);
  if (typeof type === "object") {
    return type.type === "decimal" ? decimalWriter(type, writer) : undefined;
  }
  switch (type) {
    case "boolean":
      return writer.kind === "boolean" ? new BooleanWriter() : undefined;
    case "date":
      return writer.kind === "int" && logical?.name === "date" ? new IntWriter() : undefined;
    case "byte":
    case "short":
    case "integer":
      return writer.kind === "int" || writer.kind === "long" ? new IntWriter() : undefined;
    case "long":
      return writer.kind === "long" ? new LongWriter() : undefined;
    case "float":
    case "double":
      if (writer.kind === "double") return new DoubleWriter();
      return writer.kind === "float" && type === "float" ? new FloatWriter() : undefined;
    case "string":
      if (writer.kind === "enum") return new EnumWriter(writer.symbols);
      if (writer.kind === "fixed" && logical?.name === "uuid") return new UuidWriter();
      return writer.kind === "string" ? new BytesWriter() : undefined;
    case "binary":
      if (writer.kind === "fixed") return new FixedWriter(writer.size);
      return writer.kind === "bytes" ? new BytesWriter() : undefined;
    case "timestamp":
    case "timestamp_ntz": {
      const unit = timeUnit(logical);
      if (logical === undefined || unit === undefined) return undefined;
      if (isLocalTime(logical) !== (type === "timestamp_ntz")) return undefined;
      return unit === "us" ? new LongWriter() : new TimeWriter(UNITS_PER_SECOND[unit]);
    }
  }
}

function decimalWriter(type: DecimalType, writer: AvroType): ValueWriter | undefined {
  const logical = logicalOf(writer);
  if (logical?.name !== "decimal" || logical.scale < type.scale) return undefined;
  const size = writer.kind === "fixed" ? writer.size : undefined;
  return new DecimalWriter(logical.precision, logical.scale, logical.scale - type.scale, size);
}
