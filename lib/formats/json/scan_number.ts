import type { Int64Column } from "../../core/mod.ts";

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** 1, 10, 100, … 10^22: all exact as doubles. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/** The digits of the number read last: up to 18 of them in two halves that need no BigInt. */
export class NumberScanner {
  /** Digits behind the point. */
  fractionDigits = 0;
  /** Digits in all. */
  digits = 0;
  private negative = false;
  /** The first nine digits. */
  private head = 0;
  /** The others. */
  private tail = 0;

  /**
   * Reads a number without exponent at `pos` and returns where it ends; -1 if there is none, it begins
   * with a zero too many, or it is longer than 18 digits.
   */
  scan(bytes: Uint8Array, pos: number, end: number): number {
    let head = 0;
    let tail = 0;
    let digits = 0;
    const negative = bytes[pos] === MINUS;
    if (negative) pos++;
    const start = pos;
    // In ASCII, "0" to "9" are 48 to 57: the exclusive or with 48 leaves the digit's value.
    for (let digit; pos < end && (digit = bytes[pos]! ^ ZERO) <= 9; pos++, digits++) {
      if (digits < 9) head = head * 10 + digit;
      else if (digits < 18) tail = tail * 10 + digit;
    }
    if (digits === 0 || (bytes[start] === ZERO && digits > 1)) return -1;
    const whole = digits;
    if (pos < end && bytes[pos] === POINT) {
      pos++;
      for (let digit; pos < end && (digit = bytes[pos]! ^ ZERO) <= 9; pos++, digits++) {
        if (digits < 9) head = head * 10 + digit;
        else if (digits < 18) tail = tail * 10 + digit;
      }
      if (digits === whole) return -1;
    }
    if (digits > 18) return -1;
    this.negative = negative;
    this.head = head;
    this.tail = tail;
    this.digits = digits;
    this.fractionDigits = digits - whole;
    return pos;
  }

  /** All digits as an integer with the sign, exact if there are at most 15; -0 if it is a zero with a sign. */
  integer(): number {
    const integer = this.digits <= 9
      ? this.head
      : this.head * POWERS_OF_TEN[this.digits - 9]! + this.tail;
    return this.negative ? -integer : integer;
  }

  /** The nearest double; only for up to 15 digits. */
  double(): number {
    return this.integer() / POWERS_OF_TEN[this.fractionDigits]!;
  }

  /** Adds all digits and `zeros` more zeros as an integer; up to 18 together. */
  appendInteger(column: Int64Column, zeros: number): void {
    // What is larger than 2^53 may be rounded here, but never to less than that.
    const integer = this.integer() * POWERS_OF_TEN[zeros]!;
    if (integer <= Number.MAX_SAFE_INTEGER && integer >= Number.MIN_SAFE_INTEGER) {
      column.appendSafeInteger(integer);
      return;
    }
    // upper * 10^9 + lower, both below 10^9.
    const shift = zeros + Math.max(this.digits - 9, 0);
    const split = POWERS_OF_TEN[Math.max(9 - shift, 0)]!;
    const upper = shift > 9 ? this.head * POWERS_OF_TEN[shift - 9]! : Math.floor(this.head / split);
    const lower = shift > 9
      ? 0
      : (this.head % split) * POWERS_OF_TEN[shift]! + this.tail * POWERS_OF_TEN[zeros]!;
    // The factor of 65536 is put off, so that every step stays below 2^53.
    const shifted = (upper >>> 16) * 1e9;
    const rest = (shifted % 65536) * 65536 + (upper & 0xffff) * 1e9 + lower;
    const low = rest % 4294967296;
    const high = Math.floor(shifted / 65536) + Math.floor(rest / 4294967296);
    if (this.negative) column.appendWords(-low | 0, low === 0 ? -high | 0 : ~high);
    else column.appendWords(low | 0, high);
  }
}
