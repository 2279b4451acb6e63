import { type DataType, type EpochUnit, type StructField, typeName } from "../../core/mod.ts";
import {
  type AvroEnum,
  type AvroField,
  type AvroRecord,
  type AvroType,
  avroTypeName,
  memberName,
  valueBranches,
} from "./avro_type.ts";
import { encodeDefault } from "./encode_default.ts";
import {
  ArrayReader,
  DefaultReader,
  MapReader,
  MemberReader,
  RecordReader,
  type RecordStep,
  StructReader,
} from "./nested_reader.ts";
import { plainReader } from "./plain_reader.ts";
import { isNamedAs, resolves } from "./schema_resolution.ts";
import {
  EnumReader,
  NullableReader,
  NullReader,
  SkipReader,
  UnionReader,
  UnreadableReader,
  type ValueReader,
} from "./value_reader.ts";

/** A way to read what one writer wrote. */
export interface ReadPlan {
  /** Reads one record into columns. */
  readonly record: RecordReader;
  /** What it cannot read. */
  readonly problems: readonly ReadProblem[];
}

/** A place where what was written cannot become what is wanted. */
export interface ReadProblem {
  /** Place and problem: `field "price": found string, wanted decimal(18,8)`. */
  readonly text: string;
  /** True if no record can be read; false if it depends: on a branch of a union, on a symbol. */
  readonly always: boolean;
}

/** What a value shall become. */
interface Target {
  readonly type: DataType;
  readonly nullable: boolean;
  /** The reader's own Avro type, where there is one: then Avro's rules hold to the letter. */
  readonly avro?: AvroType | undefined;
  /** The unit of a number that has none of its own. */
  readonly unit?: EpochUnit | undefined;
}

/**
 * Finds out how the columns of a schema are read from records of a writer, with `reader` by Avro's
 * rules for schema resolution. What does not fit is no error: it is told in `problems`, and a record
 * that comes upon it is `Unreadable`.
 */
export function planReader(
  writer: AvroType,
  fields: readonly StructField[],
  reader?: AvroRecord,
): ReadPlan {
  const planner = new Planner();
  const record = planner.topRecord(writer, fields, reader);
  return { record, problems: planner.problems };
}

class Planner {
  readonly problems: ReadProblem[] = [];
  /** How many choices lie around the present place that records may make or not. */
  #choices = 0;

  topRecord(
    writer: AvroType,
    fields: readonly StructField[],
    reader: AvroRecord | undefined,
  ): RecordReader {
    const problem = writer.kind !== "record"
      ? `found ${avroTypeName(writer)}, wanted a record`
      : reader !== undefined && !isNamedAs(writer, reader)
      ? `found ${avroTypeName(writer)}, wanted ${avroTypeName(reader)}`
      : undefined;
    if (problem === undefined) return this.#record(writer as AvroRecord, fields, reader, "");
    return new RecordReader([{ name: "", reader: this.#unreadable(problem, ""), column: 0 }]);
  }

  #record(
    writer: AvroRecord,
    fields: readonly StructField[],
    reader: AvroRecord | undefined,
    path: string,
  ): RecordReader {
    const sources = fields.map((field) => ({
      field,
      avro: reader?.fields.find(({ name }) => name === field.sourceName),
    }));
    const columns = columnsByWrittenName(writer, sources);
    const steps: RecordStep[] = writer.fields.map(({ name, type }) => {
      const column = columns.get(name) ?? -1;
      const source = sources[column];
      if (source === undefined) return { name, reader: new SkipReader(type), column: 0 };
      const { field, avro } = source;
      return { name, reader: this.value(type, targetOf(field, avro), join(path, name)), column };
    });
    const written = new Set(columns.values());
    for (const [column, { field, avro }] of sources.entries()) {
      if (written.has(column)) continue;
      const name = field.sourceName;
      steps.push({ name, reader: this.#absent(field, avro, join(path, name)), column });
    }
    return new RecordReader(steps);
  }

  /** What stands for a field that the writer did not write. */
  #absent(field: StructField, avro: AvroField | undefined, path: string): ValueReader {
    if (avro === undefined && field.nullable) return new NullReader();
    const bytes = avro === undefined ? undefined : encodeDefault(avro.default, avro.type);
    if (avro === undefined || bytes === undefined) {
      const instead = avro === undefined ? "not nullable" : "without a good default";
      return this.#unreadable(`missing in what was written, and ${instead}`, path);
    }
    return new DefaultReader(this.value(avro.type, targetOf(field, avro), path), bytes);
  }

  value(writer: AvroType, target: Target, path: string): ValueReader {
    if (writer.kind === "union") return this.#writtenUnion(writer.branches, target, path);
    if (writer.kind === "null") {
      return target.nullable ? new NullReader() : this.#mismatch(writer, target, path);
    }
    if (target.avro?.kind === "union") return this.#readUnion(writer, target, path);
    if (target.avro !== undefined && !resolves(writer, target.avro)) {
      return this.#mismatch(writer, target, path);
    }
    if (writer.kind === "enum" && target.avro?.kind === "enum") {
      return this.#enum(writer, target.avro, path);
    }
    return this.#nested(writer, target, path) ?? plainReader(writer, target) ??
      this.#mismatch(writer, target, path);
  }

  #writtenUnion(branches: readonly AvroType[], target: Target, path: string): ValueReader {
    const members = target.avro === undefined ? memberFields(branches, target.type) : undefined;
    const strict = members?.find(({ nullable }) => !nullable);
    if (members !== undefined && members.length > 1 && strict !== undefined) {
      const problem =
        `found a union, wanted "${strict.sourceName}" nullable, for its other members`;
      return this.#unreadable(problem, path);
    }
    const readers = branches.map((branch) =>
      this.#perhaps(() =>
        members === undefined || branch.kind === "null"
          ? this.value(branch, target, path)
          : this.#member(branch, members, target, path)
      )
    );
    const nullIndex = branches.findIndex(({ kind }) => kind === "null");
    const value = readers[1 - nullIndex];
    return branches.length === 2 && nullIndex >= 0 && target.nullable && value !== undefined
      ? new NullableReader(nullIndex, value)
      : new UnionReader(readers);
  }

  /** A value of the writer's union for a struct that has a field for each member. */
  #member(
    branch: AvroType,
    members: readonly StructField[],
    target: Target,
    path: string,
  ): ValueReader {
    const member = members.findIndex(({ sourceName }) => sourceName === memberName(branch));
    const field = members[member];
    return field === undefined
      ? this.#mismatch(branch, target, path)
      : new MemberReader(member, this.value(branch, targetOf(field), path));
  }

  /** The reader has a union: the first branch that is the writer's type itself, else the first that can be read. */
  #readUnion(writer: AvroType, target: Target, path: string): ValueReader {
    if (target.avro?.kind !== "union") return this.#mismatch(writer, target, path);
    const branches = valueBranches(target.avro);
    const [only] = branches;
    if (branches.length === 1) return this.value(writer, { ...target, avro: only }, path);
    const fields = typeof target.type === "object" && target.type.type === "struct"
      ? target.type.fields
      : [];
    const fits = (avro: AvroType, i: number) => {
      const field = fields[i];
      const trial = new Planner();
      if (field !== undefined) trial.value(writer, { ...targetOf(field), avro }, path);
      return field !== undefined && !trial.problems.some(({ always }) => always);
    };
    let member = branches.findIndex((avro, i) =>
      avro.kind === writer.kind && memberName(avro) === memberName(writer) && fits(avro, i)
    );
    if (member < 0) member = branches.findIndex(fits);
    const field = fields[member];
    if (field === undefined) return this.#mismatch(writer, target, path);
    const reader = this.value(writer, { ...targetOf(field), avro: branches[member] }, path);
    return new MemberReader(member, reader);
  }

  #nested(writer: AvroType, { type, avro }: Target, path: string): ValueReader | undefined {
    if (typeof type !== "object") return undefined;
    if (type.type === "struct" && writer.kind === "record") {
      const reader = avro?.kind === "record" ? avro : undefined;
      return new StructReader(this.#record(writer, type.fields, reader, path));
    }
    if (type.type === "array" && writer.kind === "array") {
      const items = avro?.kind === "array" ? avro.items : undefined;
      const target = { type: type.elementType, nullable: type.containsNull, avro: items };
      return new ArrayReader(this.#perhaps(() => this.value(writer.items, target, `${path}[]`)));
    }
    if (type.type === "map" && type.keyType === "string" && writer.kind === "map") {
      const values = avro?.kind === "map" ? avro.values : undefined;
      const target = { type: type.valueType, nullable: type.valueContainsNull, avro: values };
      return new MapReader(this.#perhaps(() => this.value(writer.values, target, `${path}{}`)));
    }
    return undefined;
  }

  /** A symbol that the reader does not know is what the reader's default says. */
  #enum(writer: AvroEnum, reader: AvroEnum, path: string): ValueReader {
    const symbols = writer.symbols.map((symbol) =>
      reader.symbols.includes(symbol) ? symbol : reader.default
    );
    const unknown = writer.symbols.filter((_, i) => symbols[i] === undefined);
    if (unknown.length > 0) {
      const problem = `found the symbols ${unknown.join(", ")} in ${avroTypeName(writer)}, ` +
        "which the reader lacks";
      this.#perhaps(() => this.#unreadable(problem, path));
    }
    return new EnumReader(writer.symbols, symbols);
  }

  #perhaps(plan: () => ValueReader): ValueReader {
    this.#choices++;
    try {
      return plan();
    } finally {
      this.#choices--;
    }
  }

  #mismatch(writer: AvroType, target: Target, path: string): ValueReader {
    const wanted = target.avro === undefined ? typeName(target.type) : avroTypeName(target.avro);
    return this.#unreadable(`found ${avroTypeName(writer)}, wanted ${wanted}`, path);
  }

  #unreadable(problem: string, path: string): ValueReader {
    const text = path === "" ? problem : `field "${path}": ${problem}`;
    this.problems.push({ text, always: this.#choices === 0 });
    return new UnreadableReader(problem);
  }
}

/** Which written field each column comes from: the one of its name, else the first of its aliases. */
function columnsByWrittenName(
  writer: AvroRecord,
  sources: readonly { readonly field: StructField; readonly avro: AvroField | undefined }[],
): Map<string, number> {
  const written = new Set(writer.fields.map(({ name }) => name));
  const columns = new Map<string, number>();
  for (const [column, { field }] of sources.entries()) {
    if (written.has(field.sourceName)) columns.set(field.sourceName, column);
  }
  for (const [column, { field, avro }] of sources.entries()) {
    if (written.has(field.sourceName)) continue;
    const alias = avro?.aliases.find((name) => written.has(name) && !columns.has(name));
    if (alias !== undefined) columns.set(alias, column);
  }
  return columns;
}

function targetOf(field: StructField, avro?: AvroField): Target {
  return { type: field.type, nullable: field.nullable, avro: avro?.type, unit: field.epochUnit };
}

/** The fields of a struct that is made of a union's members; `undefined` if it is none. */
function memberFields(
  branches: readonly AvroType[],
  type: DataType,
): readonly StructField[] | undefined {
  const members = branches.filter(({ kind }) => kind !== "null").map(memberName);
  return members.length > 1 && typeof type === "object" && type.type === "struct" &&
      type.fields.some((field) => members.includes(field.sourceName))
    ? type.fields
    : undefined;
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
