import { type DataType, SluiceError, type StructField, typeName } from "../../core/mod.ts";
import {
  type AvroRecord,
  type AvroType,
  avroTypeName,
  type AvroUnion,
  memberName,
  valueBranches,
} from "./avro_type.ts";
import { encodeDefault } from "./encode_default.ts";
import { plainWriter } from "./plain_writer.ts";
import { RecordWriter, StructWriter } from "./record_writer.ts";
import {
  ArrayWriter,
  BranchWriter,
  ConstantWriter,
  MapWriter,
  MembersWriter,
  type ValueWriter,
} from "./value_writer.ts";

/** What is known of the column that a value comes from. */
interface Source {
  readonly type: DataType;
  readonly nullable: boolean;
}

/**
 * Finds out how rows of these columns are written as records of a schema. Every column has its field,
 * and every field its column, a default, or null.
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH` if a column would be lost, or does not fit its field.
 */
export function planWriter(fields: readonly StructField[], writer: AvroType): RecordWriter {
  if (writer.kind === "record") return planRecord(fields, writer, "");
  throw mismatch("", avroTypeName(writer), "a record");
}

function planRecord(
  fields: readonly StructField[],
  writer: AvroRecord,
  path: string,
): RecordWriter {
  const names = new Set(writer.fields.map(({ name }) => name));
  for (const { sourceName } of fields) {
    if (names.has(sourceName)) continue;
    throw mismatch(join(path, sourceName), `no such field in record ${writer.name}`, "one");
  }
  return new RecordWriter(writer.fields.map((avro) => {
    const { name } = avro;
    const place = join(path, name);
    const column = fields.findIndex(({ sourceName }) => sourceName === name);
    const field = fields[column];
    return field === undefined
      ? { name, writer: absentWriter(avro.type, avro.default, place), column: 0 }
      : { name, writer: planValue(field, avro.type, place), column };
  }));
}

function absentWriter(type: AvroType, json: unknown, path: string): ValueWriter {
  const bytes = encodeDefault(type.kind === "null" ? null : json, type);
  if (bytes !== undefined) return new ConstantWriter(bytes);
  throw mismatch(path, "no column for the field, which has no good default", "a column");
}

function planValue(source: Source, writer: AvroType, path: string): ValueWriter {
  if (writer.kind === "union") return planUnion(source, writer, path);
  if (source.nullable) {
    throw mismatch(path, `${typeName(source.type)}, nullable, for ${avroTypeName(writer)}`, "null");
  }
  const value = planNested(source.type, writer, path) ?? plainWriter(source.type, writer);
  if (value !== undefined) return value;
  throw mismatch(path, typeName(source.type), `a column for ${avroTypeName(writer)}`);
}

function planUnion({ type, nullable }: Source, union: AvroUnion, path: string): ValueWriter {
  const nullBranch = union.branches.findIndex(({ kind }) => kind === "null");
  if (nullable && nullBranch < 0) {
    throw mismatch(path, `${typeName(type)}, nullable, for ${avroTypeName(union)}`, "null");
  }
  const members = valueBranches(union);
  const [only] = members;
  if (members.length === 1 && only !== undefined) {
    const value = planValue({ type, nullable: false }, only, path);
    return new BranchWriter(union.branches.indexOf(only), nullBranch, value);
  }
  if (typeof type !== "object" || type.type !== "struct") {
    throw mismatch(
      path,
      typeName(type),
      `a struct with a field for each of ${avroTypeName(union)}`,
    );
  }
  const writers = type.fields.map((field) => {
    const place = join(path, field.sourceName);
    const branch = union.branches.findIndex((each) => memberName(each) === field.sourceName);
    const member = union.branches[branch];
    if (member === undefined) throw mismatch(place, "no such member", avroTypeName(union));
    return new BranchWriter(branch, -1, planValue({ ...field, nullable: false }, member, place));
  });
  return new MembersWriter(writers, nullBranch);
}

function planNested(type: DataType, writer: AvroType, path: string): ValueWriter | undefined {
  if (typeof type !== "object") return undefined;
  if (type.type === "struct" && writer.kind === "record") {
    return new StructWriter(planRecord(type.fields, writer, path));
  }
  if (type.type === "array" && writer.kind === "array") {
    const item = { type: type.elementType, nullable: type.containsNull };
    return new ArrayWriter(planValue(item, writer.items, `${path}[]`));
  }
  if (type.type === "map" && type.keyType === "string" && writer.kind === "map") {
    const value = { type: type.valueType, nullable: type.valueContainsNull };
    return new MapWriter(planValue(value, writer.values, `${path}{}`));
  }
  return undefined;
}

function mismatch(path: string, found: string, wanted: string): SluiceError {
  return new SluiceError("SCHEMA_MISMATCH", {
    attempted: "write rows in an Avro schema",
    ...(path === "" ? {} : { where: `field "${path}"` }),
    found,
    wanted,
  });
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
