import { Decimal, type DecimalType, typeName } from "../../core/mod.ts";
import { badValue } from "../sql_error.ts";

/** `numerator / denominator` to the nearest integer, halves away from zero. */
export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const rest = numerator % denominator;
  if (magnitude(rest) * 2n < magnitude(denominator)) return quotient;
  return quotient + ((numerator < 0n) === (denominator < 0n) ? 1n : -1n);
}

/** The number with another scale, halves away from zero; a negative scale rounds whole digits. */
export function roundHalfUp({ unscaled, scale }: Decimal, to: number): Decimal {
  if (to >= scale) return new Decimal(unscaled * 10n ** BigInt(to - scale), to);
  const rounded = divideHalfUp(unscaled, 10n ** BigInt(scale - to));
  return to < 0 ? new Decimal(rounded * 10n ** BigInt(-to), 0) : new Decimal(rounded, to);
}

/** The largest integer up to the number. */
export function floorOf({ unscaled, scale }: Decimal): bigint {
  const unit = 10n ** BigInt(scale);
  const whole = unscaled / unit;
  return unscaled < 0n && unscaled % unit !== 0n ? whole - 1n : whole;
}

/**
 * The number rounded to a decimal type.
 *
 * @throws {SluiceError} `BAD_VALUE` if it has more whole digits than the type.
 */
export function fitDecimal(value: Decimal, type: DecimalType): Decimal {
  const rounded = roundHalfUp(value, type.scale);
  if (magnitude(rounded.unscaled) < 10n ** BigInt(type.precision)) return rounded;
  throw badValue(`${value} (Decimal)`, typeName(type), "use TRY_CAST to have null instead");
}

/** The value without its sign. */
export function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}
