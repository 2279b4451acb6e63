import type { Column, Decimal128Column, DecimalType, Int64Column } from "../../core/mod.ts";
import { type CopyTarget, FixedWriter, LENGTH_BYTES, writeNull } from "./cell_writer.ts";

/** What one digit of a `numeric` counts up to. */
const BASE = 1e4;
const DIGITS_PER_GROUP = 4;
const PAIR = BASE * BASE;
const NEGATIVE = 0x4000;
/** Count of groups, weight of the first, sign, scale. */
const HEADER_BYTES = 8;
/** The high words of integers below 2^53, which doubles hold exactly. */
const SAFE_HIGH_LIMIT = 2 ** 21;

/**
 * Decimals as Postgres' `numeric`: groups of four decimal digits on either side of the point. Every
 * cell has as many groups as the type can need; the server strips those that are zero.
 */
export class NumericWriter extends FixedWriter<Column> {
  readonly #words: Int32Array;
  readonly #wordsPerRow: 2 | 4;
  readonly #scale: number;
  readonly #wholeGroups: number;
  readonly #fractionGroups: number;
  /** What shifts an unscaled value so that its digits behind the point are whole groups. */
  readonly #padding: number;
  /** False where the shifted fraction may pass 2^53. */
  readonly #fitsDouble: boolean;

  /** Writes unscaled values of 64 or 128 bits. */
  constructor(column: Int64Column | Decimal128Column, { precision, scale }: DecimalType) {
    const wholeGroups = Math.ceil((precision - scale) / DIGITS_PER_GROUP);
    const fractionGroups = Math.ceil(scale / DIGITS_PER_GROUP);
    super(column, HEADER_BYTES + 2 * (wholeGroups + fractionGroups));
    const { values } = column;
    this.#words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
    this.#wordsPerRow = precision <= 18 ? 2 : 4;
    this.#scale = scale;
    this.#wholeGroups = wholeGroups;
    this.#fractionGroups = fractionGroups;
    this.#padding = 10 ** (fractionGroups * DIGITS_PER_GROUP - scale);
    this.#fitsDouble = scale <= 12 || scale === 16;
  }

  override write(row: number, count: number, positions: Int32Array, target: CopyTarget): void {
    const { validity } = this.column;
    const { view } = target;
    const words = this.#words;
    const wordsPerRow = this.#wordsPerRow;
    const scale = this.#scale;
    const power = 10 ** scale;
    const padding = this.#padding;
    const wholeGroups = this.#wholeGroups;
    const fractionGroups = this.#fractionGroups;
    const groups = wholeGroups + fractionGroups;
    for (let i = 0; i < count; i++, row++) {
      const at = positions[i]!;
      if (validity !== undefined && validity[row] === 0) {
        positions[i] = writeNull(view, at);
        continue;
      }
      const word = row * wordsPerRow;
      const high = words[word + 1]!;
      const point = at + LENGTH_BYTES + HEADER_BYTES + 2 * wholeGroups;
      const end = point + 2 * fractionGroups;
      let negative = high < 0;
      if (
        this.#fitsDouble && high < SAFE_HIGH_LIMIT && high >= -SAFE_HIGH_LIMIT &&
        (wordsPerRow === 2 || this.#isSignOnly(word, high))
      ) {
        const unscaled = Math.abs(high * 4294967296 + (words[word]! >>> 0));
        // Exact: of integers below 2^53 a quotient never rounds up to the next integer.
        const whole = Math.floor(unscaled / power);
        writeGroups(view, point, wholeGroups, whole);
        writeGroups(view, end, fractionGroups, (unscaled - whole * power) * padding);
      } else {
        const unscaled = this.#unscaledAt(word);
        negative = unscaled < 0n;
        writeBigGroups(view, end, groups, (negative ? -unscaled : unscaled) * BigInt(padding));
      }
      view.setInt32(at, HEADER_BYTES + 2 * groups);
      view.setInt16(at + 4, groups);
      view.setInt16(at + 6, wholeGroups - 1);
      view.setInt16(at + 8, negative ? NEGATIVE : 0);
      view.setInt16(at + 10, scale);
      positions[i] = end;
    }
  }

  #isSignOnly(word: number, high: number): boolean {
    const sign = high >> 31;
    return this.#words[word + 2] === sign && this.#words[word + 3] === sign;
  }

  #unscaledAt(word: number): bigint {
    let unscaled = 0n;
    for (let i = this.#wordsPerRow - 1; i >= 0; i--) {
      unscaled = (unscaled << 32n) | BigInt(this.#words[word + i]! >>> 0);
    }
    return BigInt.asIntN(this.#wordsPerRow * 32, unscaled);
  }
}

/** Writes an integer below 2^53 as that many groups, the last one ending at `end`. */
function writeGroups(view: DataView, end: number, groups: number, value: number): void {
  while (groups >= 2) {
    const rest = value < PAIR ? 0 : Math.floor(value / PAIR);
    const pair = (value - rest * PAIR) | 0;
    const upper = (pair / BASE) | 0;
    view.setInt16(end - 4, upper);
    view.setInt16(end - 2, (pair - upper * BASE) | 0);
    value = rest;
    end -= 4;
    groups -= 2;
  }
  if (groups === 1) view.setInt16(end - 2, value | 0);
}

function writeBigGroups(view: DataView, end: number, groups: number, value: bigint): void {
  const digits = value.toString().padStart(groups * DIGITS_PER_GROUP, "0");
  for (let i = 0, at = end - 2 * groups; i < digits.length; i += DIGITS_PER_GROUP, at += 2) {
    view.setInt16(at, Number(digits.slice(i, i + DIGITS_PER_GROUP)));
  }
}
