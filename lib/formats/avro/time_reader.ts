import {
  formatTimestampMicros,
  type Int64Column,
  MAX_TIMESTAMP_MICROS,
  MIN_TIMESTAMP_MICROS,
} from "../../core/mod.ts";
import { Unreadable } from "../unreadable.ts";
import type { AvroInput } from "./avro_input.ts";
import { type TimeUnit, UNITS_PER_SECOND } from "./time_unit.ts";
import type { ValueReader } from "./value_reader.ts";

/** int and long to timestamp and timestamp_ntz. Nothing is rounded: nanoseconds must be whole microseconds. */
export class TimeReader implements ValueReader {
  readonly #unit: TimeUnit;
  /** Units that are surely within the years 1 to 9999, and exact in a double as microseconds. */
  readonly #safe: number;
  readonly #microsPerUnit: number;

  constructor(unit: TimeUnit) {
    this.#unit = unit;
    this.#microsPerUnit = unit === "s" ? 1_000_000 : unit === "ms" ? 1000 : 1;
    this.#safe = unit === "ns" ? 0 : Number.MAX_SAFE_INTEGER / this.#microsPerUnit;
  }

  read(input: AvroInput, column: Int64Column): void {
    input.readLong();
    const value = input.lastAsNumber();
    if (value < this.#safe && value > -this.#safe) {
      column.appendSafeInteger(value * this.#microsPerUnit);
    } else {
      this.#readExact(input.lastAsBigInt(), column);
    }
  }

  #readExact(value: bigint, column: Int64Column): void {
    const nanos = value * (UNITS_PER_SECOND.ns / UNITS_PER_SECOND[this.#unit]);
    if (nanos % 1000n !== 0n) {
      throw new Unreadable(`found ${value} nanoseconds, wanted whole microseconds`);
    }
    if (!column.tryAppendBigInt(nanos / 1000n)) {
      const bounds = [MIN_TIMESTAMP_MICROS, MAX_TIMESTAMP_MICROS].map(formatTimestampMicros);
      throw new Unreadable(
        `overflow: found ${value} ${this.#unit} since 1970, wanted ${bounds.join(" to ")}`,
      );
    }
  }
}
