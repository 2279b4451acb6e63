import { SluiceError } from "./errors.ts";

const DECIMAL_TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?)0*(\d{1,4}))?$/;

/**
 * An exact decimal number: `unscaled * 10^-scale`. Never rounds unless told to.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { Decimal } from "./decimal.ts";
 *
 * const price = Decimal.parse("12345678901234567890.123456789");
 * equal(String(price.times(Decimal.parse("2"))), "24691357802469135780.246913578");
 * ```
 */
export class Decimal {
  /** The digits as an integer. */
  readonly unscaled: bigint;
  /** How many of the digits stand behind the point; 0 to 38. */
  readonly scale: number;

  /** Makes `unscaled * 10^-scale`. */
  constructor(unscaled: bigint, scale: number) {
    this.unscaled = unscaled;
    this.scale = scale;
  }

  /**
   * Reads decimal text, exponents included: `"-1.50"`, `"1e-7"`.
   *
   * @throws {SluiceError} `BAD_VALUE` if the text is not a decimal number.
   */
  static parse(text: string): Decimal {
    const decimal = Decimal.tryParse(text);
    if (decimal === undefined) {
      throw new SluiceError("BAD_VALUE", {
        attempted: "read a decimal",
        found: JSON.stringify(text),
        wanted: "digits with an optional sign, point and exponent",
      });
    }
    return decimal;
  }

  /** Reads decimal text; `undefined` if it is not a decimal number. */
  static tryParse(text: string): Decimal | undefined {
    const match = DECIMAL_TEXT.exec(text);
    if (match === null) return undefined;
    const [, sign, whole = "", fraction = "", exponentSign = "", exponent = "0"] = match;
    if (whole === "" && fraction === "") return undefined;
    const digits = BigInt(whole + fraction);
    let scale = fraction.length - Number(exponentSign + exponent);
    let unscaled = sign === "-" ? -digits : digits;
    if (scale < 0) {
      unscaled *= 10n ** BigInt(-scale);
      scale = 0;
    }
    return new Decimal(unscaled, scale);
  }

  /** The same number with another scale; `undefined` if digits would be lost. */
  rescaled(scale: number): Decimal | undefined {
    if (scale === this.scale) return this;
    if (scale > this.scale) {
      return new Decimal(this.unscaled * 10n ** BigInt(scale - this.scale), scale);
    }
    const divisor = 10n ** BigInt(this.scale - scale);
    if (this.unscaled % divisor !== 0n) return undefined;
    return new Decimal(this.unscaled / divisor, scale);
  }

  /** The sum, at the larger of the two scales. */
  plus(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(unscaledAt(this, scale) + unscaledAt(other, scale), scale);
  }

  /** The difference, at the larger of the two scales. */
  minus(other: Decimal): Decimal {
    return this.plus(new Decimal(-other.unscaled, other.scale));
  }

  /** The product; the scales add up. */
  times(other: Decimal): Decimal {
    return new Decimal(this.unscaled * other.unscaled, this.scale + other.scale);
  }

  /** Negative, zero or positive as this number is less than, equal to or greater than the other. */
  compare(other: Decimal): number {
    const scale = Math.max(this.scale, other.scale);
    const difference = unscaledAt(this, scale) - unscaledAt(other, scale);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  /** Plain digits with exactly `scale` decimals, no exponent. */
  toString(): string {
    return formatUnscaled(this.unscaled, this.scale);
  }

  /** The text, so that no digit is lost in JSON. */
  toJSON(): string {
    return this.toString();
  }
}

/** The text of `unscaled * 10^-scale`, with exactly `scale` decimals. */
export function formatUnscaled(unscaled: bigint, scale: number): string {
  if (scale === 0) return unscaled.toString();
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${negative ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function unscaledAt(decimal: Decimal, scale: number): bigint {
  return decimal.unscaled * 10n ** BigInt(scale - decimal.scale);
}
