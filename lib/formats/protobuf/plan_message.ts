import protobuf from "protobufjs";
import { type StructField, typeName } from "../../core/mod.ts";
import { describeField, hasPresence } from "./describe_field.ts";
import { isTimestamp, TIMESTAMP_PARTS, timestampMicros, wrappedType } from "./known_message.ts";
import { MessageReader, type PlannedField, type Step } from "./message_reader.ts";
import { enumReader, plainReader, type PlainTarget } from "./plain_reader.ts";
import {
  absentField,
  converted,
  type FieldReader,
  ListReader,
  MapReader,
  SingularReader,
  type ValueReader,
} from "./value_reader.ts";

/** How the records of a message become rows. */
export interface MessagePlan {
  /** Reads them, if there are no problems. */
  readonly reader: MessageReader;
  /** Why there can be no row: `field "id": found string, wanted long`. */
  readonly problems: readonly string[];
}

/** Finds for each column the field of its name, and how that is read. */
export function planMessage(
  message: protobuf.Type,
  columns: readonly StructField[],
): MessagePlan {
  const planner = new Planner();
  return { reader: planner.message(message, columns, ""), problems: planner.problems };
}

class Planner {
  readonly problems: string[] = [];

  message(message: protobuf.Type, columns: readonly StructField[], path: string): MessageReader {
    const fields = new Map(message.fieldsArray.map((field) => [field.name, field]));
    const planned = new Map<protobuf.Field, PlannedField>();
    const all = columns.map((column, slot) => {
      const field = fields.get(column.sourceName);
      const reader = this.#column(field, column, path);
      const plan = { slot, column: column.name, name: column.sourceName, reader };
      if (field !== undefined) planned.set(field, plan);
      return plan;
    });
    return new MessageReader(all, stepsOf(message, planned));
  }

  #column(field: protobuf.Field | undefined, column: StructField, around: string): FieldReader {
    const path = around === "" ? column.sourceName : `${around}.${column.sourceName}`;
    if (field === undefined) {
      if (!column.nullable) this.problems.push(`field "${path}": missing in the message`);
      return absentField;
    }
    const reader = this.#field(field, column, path);
    if (reader !== undefined) return reader;
    this.problems.push(
      `field "${path}": found ${describeField(field)}, wanted ${typeName(column.type)}`,
    );
    return absentField;
  }

  #field(
    field: protobuf.Field,
    { type, epochUnit: unit }: StructField,
    path: string,
  ): FieldReader | undefined {
    if (field instanceof protobuf.MapField) {
      if (typeof type !== "object" || type.type !== "map") return undefined;
      const key = plainReader(field.keyType, { type: type.keyType });
      const value = this.#value(field, { type: type.valueType }, `${path}{}`);
      return key && value && new MapReader(key, value);
    }
    if (field.repeated) {
      if (typeof type !== "object" || type.type !== "array") return undefined;
      const value = this.#value(field, { type: type.elementType }, `${path}[]`);
      return value && new ListReader(value);
    }
    const value = this.#value(field, { type, unit }, path);
    return value && new SingularReader(value, hasPresence(field));
  }

  #value(field: protobuf.Field, target: PlainTarget, path: string): ValueReader | undefined {
    const { resolvedType } = field;
    const { type } = target;
    if (resolvedType instanceof protobuf.Enum) {
      return type === "string" ? enumReader(resolvedType) : undefined;
    }
    if (!(resolvedType instanceof protobuf.Type)) return plainReader(field.type, target);
    if (field.delimited) return undefined;
    if (typeof type === "object" && type.type === "struct") {
      return this.message(resolvedType, type.fields, path);
    }
    if (isTimestamp(resolvedType)) {
      if (type !== "timestamp") return undefined;
      const parts = this.message(resolvedType, TIMESTAMP_PARTS, path);
      return converted(parts, (slots) => timestampMicros(parts.finish(slots)));
    }
    const wrapped = wrappedType(resolvedType);
    if (wrapped === undefined || plainReader(wrapped, target) === undefined) return undefined;
    const wrapper = this.message(resolvedType, [wrappedColumn(target)], path);
    return converted(wrapper, (slots) => wrapper.finish(slots).value);
  }
}

function wrappedColumn({ type, unit }: PlainTarget): StructField {
  const name = "value";
  return {
    name,
    sourceName: name,
    type,
    nullable: false,
    ...(unit === undefined ? {} : { epochUnit: unit }),
  };
}

/** What is done at the number of each field that a column wants, or that is in a oneof with one. */
function stepsOf(
  message: protobuf.Type,
  planned: ReadonlyMap<protobuf.Field, PlannedField>,
): Map<number, Step> {
  const steps = new Map<number, Step>();
  for (const field of message.fieldsArray) {
    const plan = planned.get(field);
    const replaces = (field.partOf?.fieldsArray ?? []).flatMap((member) =>
      member === field ? [] : planned.get(member) ?? []
    );
    if (plan !== undefined || replaces.length > 0) steps.set(field.id, { field: plan, replaces });
  }
  return steps;
}
