import {
  type Decimal128Column,
  type DecimalType,
  formatUnscaled,
  Int64Column,
  typeName,
} from "../../core/mod.ts";
import { Unreadable } from "../unreadable.ts";
import type { AvroInput } from "./avro_input.ts";
import type { ValueReader } from "./value_reader.ts";

/** Bytes whose integer a double holds exactly. */
const MAX_SAFE_BYTES = 6;
/** No number of 38 digits, however often its sign is repeated in front, needs as many. */
const MAX_BYTES = 1000;

/** bytes and fixed with a decimal in them: the unscaled value, big-endian, in two's complement. */
export class DecimalReader implements ValueReader {
  readonly #type: DecimalType;
  readonly #fixedSize: number | undefined;
  /** Zeros to add to the digits; negative: to take away. */
  readonly #zeros: number;
  /** Absolute values from here on have too many digits. */
  readonly #limit: number;

  /** `writtenScale` may differ from that of the column: values that fit exactly are taken. */
  constructor(type: DecimalType, writtenScale: number, fixedSize: number | undefined) {
    this.#type = type;
    this.#fixedSize = fixedSize;
    this.#zeros = type.scale - writtenScale;
    this.#limit = 10 ** type.precision;
  }

  read(input: AvroInput, column: Int64Column | Decimal128Column): void {
    const length = this.#fixedSize ?? input.readLength();
    const start = input.take(length);
    if (
      length > MAX_SAFE_BYTES || length === 0 || this.#zeros !== 0 ||
      !(column instanceof Int64Column)
    ) {
      return this.#readExact(input.bytes.subarray(start, start + length), column);
    }
    const bytes = input.bytes;
    let unscaled = bytes[start]! << 24 >> 24;
    for (let i = start + 1; i < start + length; i++) unscaled = unscaled * 256 + bytes[i]!;
    if (unscaled >= this.#limit || unscaled <= -this.#limit) throw this.#overflow(BigInt(unscaled));
    column.appendSafeInteger(unscaled);
  }

  #readExact(bytes: Uint8Array, column: Int64Column | Decimal128Column): void {
    if (bytes.length === 0) throw new Unreadable("found no bytes for a decimal");
    if (bytes.length > MAX_BYTES) {
      throw new Unreadable(`overflow: found a decimal of ${bytes.length} bytes`);
    }
    const written = BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toHex()}`));
    const factor = 10n ** BigInt(Math.abs(this.#zeros));
    if (this.#zeros < 0 && written % factor !== 0n) {
      throw new Unreadable(
        `more than ${this.#type.scale} decimals: found ${
          formatUnscaled(written, this.#type.scale - this.#zeros)
        }, wanted ${typeName(this.#type)}`,
      );
    }
    const unscaled = this.#zeros < 0 ? written / factor : written * factor;
    if (!column.tryAppendBigInt(unscaled)) throw this.#overflow(unscaled);
  }

  #overflow(unscaled: bigint): Unreadable {
    return new Unreadable(
      `overflow: found ${formatUnscaled(unscaled, this.#type.scale)}, wanted ${
        typeName(this.#type)
      }`,
    );
  }
}
