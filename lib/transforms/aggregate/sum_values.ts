import {
  type Batch,
  type Column,
  type DataType,
  Decimal,
  type DecimalType,
  SluiceError,
  typeName,
} from "../../core/mod.ts";
import type { ByteReader, ByteWriter } from "../../state/mod.ts";
import type { Accumulator, Aggregate } from "./accumulator.ts";
import { DoubleSums } from "./double_sums.ts";
import { type InputColumn, unfitColumn } from "./input_column.ts";
import { IntegerSums } from "./integer_sums.ts";

const MAX_PRECISION = 38;

/** Sums by group, of a kind of numbers. */
type Sums = IntegerSums | DoubleSums;

/**
 * `sum(column)`.
 *
 * @throws {SluiceError} `BAD_PIPELINE` for a column that has no numbers.
 */
export function sumValues(column: InputColumn): Aggregate {
  const type = sumType(column);
  return numbersAggregate("sum", column, type, (sums, group) => {
    if (sums instanceof DoubleSums) return sums.total(group);
    const total = sums.total(group);
    return typeof type === "object" ? new Decimal(total, type.scale) : total;
  });
}

/**
 * `avg(column)`. The mean of integers is that of their exact sum.
 *
 * @throws {SluiceError} `BAD_PIPELINE` for a column that has no numbers.
 */
export function averageValues(column: InputColumn): Aggregate {
  const sum = sumType(column);
  const type = typeof sum === "object" ? averageType(column.type as DecimalType) : "double";
  return numbersAggregate("avg", column, type, (sums, group) => {
    const count = sums.counts[group]!;
    const total = sums.total(group);
    if (typeof total === "number" || typeof type !== "object") return Number(total) / count;
    const zeros = 10n ** BigInt(type.scale - (sum as DecimalType).scale);
    return new Decimal(divideHalfUp(total * zeros, BigInt(count)), type.scale);
  });
}

/** As Spark's: of integers long, of decimals with ten digits more, of floating point numbers double. */
function sumType(column: InputColumn): "long" | "double" | DecimalType {
  const { type } = column;
  if (typeof type === "object" && type.type === "decimal") {
    return { ...type, precision: Math.min(type.precision + 10, MAX_PRECISION) };
  }
  switch (type) {
    case "byte":
    case "short":
    case "integer":
    case "long":
      return "long";
    case "float":
    case "double":
      return "double";
    default:
      throw unfitColumn("make a sum or a mean", column, "a column of numbers");
  }
}

/** As Spark's: four more digits, behind the point. */
function averageType({ precision, scale }: DecimalType): DecimalType {
  return {
    type: "decimal",
    precision: Math.min(precision + 4, MAX_PRECISION),
    scale: Math.min(scale + 4, MAX_PRECISION),
  };
}

function numbersAggregate(
  name: "sum" | "avg",
  column: InputColumn,
  type: "long" | "double" | DecimalType,
  result: (sums: Sums, group: number) => unknown,
): Aggregate {
  const isDouble = column.type === "float" || column.type === "double";
  return {
    type,
    nullable: column.nullable,
    nullIfEmpty: true,
    description: `${name}(${column.description})`,
    open: () => ({
      accumulate: ({ length }) => {
        const sums = isDouble ? new DoubleSums(length) : new IntegerSums(length);
        return new NumbersAccumulator(name, column, type, sums, result);
      },
    }),
  };
}

class NumbersAccumulator implements Accumulator {
  readonly #name: string;
  readonly #column: InputColumn;
  readonly #type: DataType;
  readonly #sums: Sums;
  readonly #result: (sums: Sums, group: number) => unknown;

  constructor(
    name: string,
    column: InputColumn,
    type: DataType,
    sums: Sums,
    result: (sums: Sums, group: number) => unknown,
  ) {
    this.#name = name;
    this.#column = column;
    this.#type = type;
    this.#sums = sums;
    this.#result = result;
  }

  add(batch: Batch, groups: Int32Array, rows: Int32Array): void {
    this.#sums.add(batch.columns[this.#column.index]!, groups, rows);
  }

  merge(group: number, state: ByteReader): void {
    this.#sums.merge(group, state);
  }

  save(group: number, state: ByteWriter): void {
    this.#sums.save(group, state);
  }

  appendResult(group: number, column: Column): void {
    if (this.#sums.counts[group] === 0) {
      column.appendNull();
      return;
    }
    const result = this.#result(this.#sums, group);
    try {
      column.append(result);
    } catch (cause) {
      throw this.#overflow(result, cause);
    }
  }

  #overflow(result: unknown, cause: unknown): unknown {
    if (!(cause instanceof SluiceError && cause.code === "BAD_VALUE")) return cause;
    const wide = `withColumn("${this.#column.name}", s.decimal(38, ${scaleOf(this.#type)}), …)`;
    return new SluiceError("BAD_VALUE", {
      attempted: `make ${this.#name}("${this.#column.name}")`,
      found: String(result),
      wanted: typeName(this.#type),
      hint: `widen the column before it is grouped, as with ${wide}, or leave such rows out`,
      cause,
    });
  }
}

function scaleOf(type: DataType): number {
  return typeof type === "object" && type.type === "decimal" ? type.scale : 0;
}

/** To the nearest integer, halves away from zero; the denominator is above 0. */
function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  const half = numerator < 0n ? -denominator : denominator;
  return (numerator * 2n + half) / (denominator * 2n);
}
