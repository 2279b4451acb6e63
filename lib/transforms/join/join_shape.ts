import {
  badOption,
  Batch,
  type Column,
  concatBatches,
  describeValue,
  Schema,
  SluiceError,
  type StructField,
  typeName,
} from "../../core/mod.ts";
import { bindPredicate, type Predicate } from "../../sql/mod.ts";
import type { InputColumn } from "../aggregate/input_column.ts";
import { keyColumns } from "../keyed/key_columns.ts";
import { plainField } from "../rows/select_columns.ts";
import type { JoinKey, JoinType } from "./joined_row.ts";
import { RowPairs } from "./row_pairs.ts";

/** How many pairs a condition is evaluated over at once: the columns of more would take much memory. */
const PAIRS_AT_ONCE = 65_536;

/** What a join is asked to do, whatever it joins. */
export interface JoinRequest {
  /** Which rows come out without a partner. */
  readonly type: JoinType;
  /** The columns that are equal where rows match. */
  readonly on: readonly JoinKey<Record<string, unknown>, Record<string, unknown>>[];
  /** SQL condition over the joined row. */
  readonly where: string | undefined;
}

/** One column of the joined rows. */
interface JoinedColumn {
  readonly field: StructField;
  /** Where it is on the left; `undefined`: not there. */
  readonly left: number | undefined;
  /** Where it is on the right; on both sides for a key of the same name: then either does. */
  readonly right: number | undefined;
}

/** Rows of one side of a join. */
export interface SideRows {
  /** The rows. */
  readonly batch: Batch;
  /** The index of a row of nulls, at the end; -1 if none of the joined rows lacks this side. */
  readonly missing: number;
}

/** Names and types settled: which columns are compared, and which columns come out. */
export class JoinShape {
  /** The key columns of the left rows. */
  readonly leftKeys: readonly InputColumn[];
  /** Those of the right rows, one for each. */
  readonly rightKeys: readonly InputColumn[];
  /** The joined rows. */
  readonly schema: Schema;
  readonly #columns: readonly JoinedColumn[];
  readonly #where: Predicate | undefined;
  /** The columns that the condition reads. */
  readonly #whereColumns: readonly JoinedColumn[];
  readonly #whereSchema: Schema;

  /**
   * Settles a join of rows of two schemas.
   *
   * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_OPTION` for no key, or one twice; `BAD_PIPELINE` for
   * keys that cannot be compared; `BAD_SCHEMA` for two columns of one name; `BAD_EXPRESSION`.
   */
  constructor(attempted: string, left: Schema, right: Schema, { type, on, where }: JoinRequest) {
    if (!Array.isArray(on)) {
      throw badOption(attempted, "on", describeValue(on), "a list of columns");
    }
    const pairs = on.map((key) => typeof key === "string" ? { left: key, right: key } : key);
    this.leftKeys = keyColumns(left, pairs.map((pair) => pair.left), attempted);
    this.rightKeys = keyColumns(right, pairs.map((pair) => pair.right), attempted);
    this.leftKeys.forEach((key, i) => refuseOtherType(attempted, key, this.rightKeys[i]!));
    this.#columns = joinedColumns(attempted, left, right, this, type);
    this.schema = new Schema(this.#columns.map(({ field }) => field));
    // Rows that are compared have both sides, so that no column is null for lack of one.
    const paired = joinedColumns(attempted, left, right, this, "inner").map(({ field }) => field);
    this.#where = where === undefined ? undefined : bindPredicate(where, new Schema(paired));
    const read = new Set(this.#where?.columns.map(({ path }) => path[0]));
    // A condition on no column at all still has to know how many rows there are.
    this.#whereColumns = this.#columns.filter(({ field }, i) =>
      read.size === 0 ? i === 0 : read.has(field.name)
    );
    this.#whereSchema = new Schema(this.#whereColumns.map(({ field }) => field));
  }

  /** True if rows of equal keys may still not match. */
  get hasCondition(): boolean {
    return this.#where !== undefined;
  }

  /**
   * The pairs of rows for which the condition is true; all if there is none.
   *
   * @throws {SluiceError} `BAD_VALUE` for a pair for which it has no value, as after a division by zero.
   */
  selectPairs(left: Batch, right: Batch, pairs: RowPairs): RowPairs {
    const condition = this.#where;
    if (condition === undefined) return pairs;
    const selected = new RowPairs();
    for (let start = 0; start < pairs.length; start += PAIRS_AT_ONCE) {
      const leftRows = pairs.left.subarray(start, start + PAIRS_AT_ONCE);
      const rightRows = pairs.right.subarray(start, start + PAIRS_AT_ONCE);
      const columns = this.#whereColumns.map((column) =>
        column.left === undefined
          ? right.columns[column.right!]!.take(rightRows)
          : left.columns[column.left]!.take(leftRows)
      );
      for (const i of condition.select(new Batch(this.#whereSchema, 0, columns))) {
        selected.push(leftRows[i]!, rightRows[i]!);
      }
    }
    return selected;
  }

  /** The joined rows; where a row is the `missing` one of its side, there is only the other. */
  assemble(left: SideRows, right: SideRows, pairs: RowPairs): Batch {
    const columns = this.#columns.map((column) => {
      if (column.left === undefined) return right.batch.columns[column.right!]!.take(pairs.right);
      const leftColumn = left.batch.columns[column.left]!;
      if (column.right === undefined || left.missing < 0) return leftColumn.take(pairs.left);
      const rightColumn = right.batch.columns[column.right]!;
      const rows = pairs.left.map((row, i) =>
        row === left.missing ? leftColumn.length + pairs.right[i]! : row
      );
      return concatColumns(leftColumn, rightColumn).take(rows);
    });
    return new Batch(this.schema, 0, columns);
  }
}

/** Two columns of one type as one. */
export function concatColumns(first: Column, second: Column): Column {
  if (second.length === 0) return first;
  if (first.length === 0) return second;
  const schema = new Schema([{
    name: "value",
    type: first.type,
    nullable: true,
    sourceName: "value",
  }]);
  const [joined] = concatBatches(
    [first, second].map((column) => new Batch(schema, 0, [column])),
  ).columns;
  return joined!;
}

function joinedColumns(
  attempted: string,
  left: Schema,
  right: Schema,
  { leftKeys, rightKeys }: Pick<JoinShape, "leftKeys" | "rightKeys">,
  type: JoinType,
): JoinedColumn[] {
  const leftMissing = type === "rightOuter" || type === "fullOuter";
  const rightMissing = type === "leftOuter" || type === "fullOuter";
  const sharedWith = new Map<number, number>();
  leftKeys.forEach((key, i) => {
    const other = rightKeys[i]!;
    if (key.name === other.name) sharedWith.set(key.index, other.index);
  });
  const columns: JoinedColumn[] = left.fields.map((field, index) => {
    const other = sharedWith.get(index);
    if (other === undefined) {
      return { ...outerColumn(field, leftMissing), left: index, right: other };
    }
    const nullable = type === "rightOuter"
      ? right.fields[other]!.nullable
      : field.nullable || (leftMissing && right.fields[other]!.nullable);
    return { field: { ...plainField(field), nullable }, left: index, right: other };
  });
  const shared = new Set(sharedWith.values());
  const names = new Map(left.fields.map(({ name }) => [name.toLowerCase(), name]));
  right.fields.forEach((field, index) => {
    if (shared.has(index)) return;
    const other = names.get(field.name.toLowerCase());
    if (other !== undefined) throw nameTwice(attempted, field.name, other);
    columns.push({ ...outerColumn(field, rightMissing), left: undefined, right: index });
  });
  return columns;
}

function outerColumn(field: StructField, mayBeMissing: boolean): { readonly field: StructField } {
  return { field: { ...plainField(field), nullable: field.nullable || mayBeMissing } };
}

function nameTwice(attempted: string, name: string, other: string): SluiceError {
  return new SluiceError("BAD_SCHEMA", {
    attempted,
    where: `column "${name}" on the right`,
    found: `column "${other}" on the left, which is no key of the join`,
    wanted: "names that differ in more than case",
    hint: `rename one of them before: withColumnRenamed("${name}", …)`,
  });
}

function refuseOtherType(attempted: string, left: InputColumn, right: InputColumn): void {
  if (typeName(left.type) === typeName(right.type)) return;
  throw new SluiceError("BAD_PIPELINE", {
    attempted,
    where: `key ${left.name} = ${right.name}`,
    found: `${typeName(left.type)} and ${typeName(right.type)}`,
    wanted: "columns of one type",
    hint: `cast one of them before, in withColumn: "CAST(… AS …)"`,
  });
}

/**
 * The type of a join, checked.
 *
 * @throws {SluiceError} `BAD_OPTION`
 */
export function joinType<Type extends JoinType>(
  attempted: string,
  type: Type | undefined,
  allowed: readonly Type[],
): Type {
  if (type === undefined) return "inner" as Type;
  if (allowed.includes(type)) return type;
  const wanted = allowed.map((name) => `"${name}"`).join(", ");
  throw badOption(attempted, "type", JSON.stringify(type) ?? String(type), wanted);
}
