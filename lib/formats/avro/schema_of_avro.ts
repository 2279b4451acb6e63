import { type DataType, Schema, SluiceError, type StructField } from "../../core/mod.ts";
import {
  type AvroRecord,
  type AvroType,
  avroTypeName,
  type AvroUnion,
  type LogicalType,
  memberName,
  valueBranches,
} from "./avro_type.ts";
import { type AvroSchemaJson, parseAvroSchema } from "./parse_avro_schema.ts";
import { isLocalTime, logicalOf, timeUnit } from "./time_unit.ts";

/** The most digits that a decimal column holds. */
const MAX_PRECISION = 38;

/**
 * The columns for the records of an Avro schema.
 *
 * | Avro | column |
 * | --- | --- |
 * | boolean, float, double | the same |
 * | int, long | integer, long |
 * | int, long, string with `date`, `timestamp-millis` and `-micros`, `uuid` | date, timestamp, string |
 * | long with `local-timestamp-millis` and `-micros` | timestamp_ntz |
 * | int, long with `time-millis`, `time-micros`, `timestamp-nanos`, `local-timestamp-nanos` | integer, long: the number as it is |
 * | bytes, fixed; with `decimal` of up to 38 digits; fixed with `uuid` | binary; decimal; string |
 * | string, enum | string |
 * | array, map, record | array, map, struct |
 * | a union of null and another type | that type, nullable |
 * | any other union | a struct with a nullable field a member, named for its type, one of which has the value |
 * | a field of type null | no column |
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { typeName } from "../../core/mod.ts";
 * import { schemaOfAvro } from "./schema_of_avro.ts";
 *
 * const Order = schemaOfAvro({
 *   type: "record",
 *   name: "Order",
 *   fields: [
 *     { name: "id", type: "long" },
 *     { name: "ordered_at", type: { type: "long", logicalType: "timestamp-millis" } },
 *     { name: "note", type: ["null", "string"], default: null },
 *   ],
 * });
 * equal(typeName(Order.type), "struct<id:long,ordered_at:timestamp,note:string>");
 * equal(Order.fields[2]?.nullable, true);
 * ```
 *
 * @param schema a record's schema, as JSON text or value.
 * @throws {SluiceError} `BAD_AVRO_SCHEMA`; `UNSUPPORTED_SCHEMA` for a record that holds itself and
 * other types without a column; `BAD_SCHEMA` for names that differ in case alone.
 */
export function schemaOfAvro(schema: AvroSchemaJson): Schema {
  return schemaOfType(parseAvroSchema(schema));
}

/** The columns for the records of a type. */
export function schemaOfType(type: AvroType): Schema {
  if (type.kind === "record") return new Schema(recordFields(type, [], ""));
  throw unsupported("", avroTypeName(type), "a record");
}

function recordFields(
  record: AvroRecord,
  around: readonly AvroRecord[],
  path: string,
): StructField[] {
  if (around.includes(record)) {
    throw unsupported(
      path,
      `record ${record.name}, which holds itself`,
      "records of a fixed depth",
    );
  }
  const within = [...around, record];
  return record.fields.flatMap(({ name, type }) => {
    const column = columnOf(type, within, path === "" ? name : `${path}.${name}`);
    return column === undefined ? [] : [{ name, sourceName: name, ...column }];
  });
}

/** What holds the values of a type; `undefined` if there are none but null. */
function columnOf(
  type: AvroType,
  around: readonly AvroRecord[],
  path: string,
): { type: DataType; nullable: boolean } | undefined {
  if (type.kind === "null") return undefined;
  if (type.kind !== "union") return { type: dataType(type, around, path), nullable: false };
  const branches = valueBranches(type);
  const [only] = branches;
  if (only === undefined) return undefined;
  return {
    type: branches.length === 1 ? dataType(only, around, path) : membersOf(type, around, path),
    nullable: branches.length < type.branches.length,
  };
}

function membersOf(union: AvroUnion, around: readonly AvroRecord[], path: string): DataType {
  return new Schema(
    valueBranches(union).map((branch) => {
      const name = memberName(branch);
      return {
        name,
        sourceName: name,
        type: dataType(branch, around, `${path}.${name}`),
        nullable: true,
      };
    }),
  ).type;
}

function dataType(type: AvroType, around: readonly AvroRecord[], path: string): DataType {
  switch (type.kind) {
    case "boolean":
    case "float":
    case "double":
      return type.kind;
    case "int":
      return type.logical?.name === "date" ? "date" : "integer";
    case "long":
      return timestampType(type.logical) ?? "long";
    case "enum":
    case "string":
      return "string";
    case "bytes":
    case "fixed":
      return bytesType(logicalOf(type), path);
    case "record":
      return new Schema(recordFields(type, around, path)).type;
    case "array": {
      const item = itemOf(type.items, around, `${path}[]`);
      return { type: "array", elementType: item.type, containsNull: item.nullable };
    }
    case "map": {
      const { type: valueType, nullable } = itemOf(type.values, around, `${path}{}`);
      return { type: "map", keyType: "string", valueType, valueContainsNull: nullable };
    }
    case "null":
    case "union":
      throw unsupported(path, avroTypeName(type), "a type with values");
  }
}

function itemOf(
  type: AvroType,
  around: readonly AvroRecord[],
  path: string,
): { type: DataType; nullable: boolean } {
  const column = columnOf(type, around, path);
  if (column === undefined) throw unsupported(path, "items that are all null", "items with values");
  return column;
}

function timestampType(logical: LogicalType | undefined): DataType | undefined {
  const unit = timeUnit(logical);
  if (logical === undefined || unit === undefined || unit === "ns") return undefined;
  return isLocalTime(logical) ? "timestamp_ntz" : "timestamp";
}

function bytesType(logical: LogicalType | undefined, path: string): DataType {
  if (logical?.name === "uuid") return "string";
  if (logical?.name !== "decimal") return "binary";
  const { precision, scale } = logical;
  if (precision <= MAX_PRECISION) return { type: "decimal", precision, scale };
  throw unsupported(path, `a decimal of ${precision} digits`, `at most ${MAX_PRECISION}`);
}

function unsupported(path: string, found: string, wanted: string): SluiceError {
  return new SluiceError("UNSUPPORTED_SCHEMA", {
    attempted: "make columns for an Avro schema",
    ...(path === "" ? {} : { where: `field "${path}"` }),
    found,
    wanted,
    hint: "give the decoder a schema of the columns that are wanted, without that field",
  });
}
