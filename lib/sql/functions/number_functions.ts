import { Decimal, type DecimalType } from "../../core/mod.ts";
import { bindArithmetic, bindNegation, fitResult } from "../bind_arithmetic.ts";
import { type Bound, call } from "../bound.ts";
import { cast, coerce, fold, literal } from "../coerce.ts";
import { compareFor, toDecimal } from "../values/compare_values.ts";
import { fitDecimal, floorOf, roundHalfUp } from "../values/decimal_math.ts";
import {
  isDecimal,
  isFloating,
  isIntegral,
  isNumeric,
  keepingWholeDigits,
} from "../values/sql_type.ts";
import type { SqlFunctions } from "./sql_function.ts";

/** Functions of numbers. */
export const numberFunctions: SqlFunctions = {
  abs: { usage: "abs(number)", bind: bindAbs },
  mod: {
    usage: "mod(number, divisor)",
    bind: ([left, right, ...more]) =>
      left === undefined || right === undefined || more.length > 0
        ? undefined
        : bindArithmetic("%", left, right),
  },
  pmod: { usage: "pmod(number, divisor)", bind: bindPositiveMod },
  floor: { usage: "floor(number)", bind: (args) => bindWhole("floor", args) },
  ceil: { usage: "ceil(number)", bind: (args) => bindWhole("ceil", args) },
  ceiling: { usage: "ceiling(number)", bind: (args) => bindWhole("ceil", args) },
  round: { usage: "round(number [, digits])", bind: bindRound },
  isnan: { usage: "isnan(number)", bind: bindIsNaN },
};

function bindAbs([arg, ...more]: readonly Bound[]): Bound | undefined {
  if (arg === undefined || more.length > 0) return undefined;
  const number = arg.type === "string" || arg.type === "void" ? cast(arg, "double") : arg;
  const negated = number === undefined ? undefined : bindNegation(number);
  if (number === undefined || negated === undefined) return undefined;
  const { type } = number;
  if (isFloating(type)) return fold(call("abs", type, [number], Math.abs));
  if (isDecimal(type)) {
    return fold(
      call(
        "abs",
        type,
        [number],
        (value: Decimal) => value.unscaled < 0n ? new Decimal(-value.unscaled, value.scale) : value,
      ),
    );
  }
  if (type === "void") return undefined;
  return fold(
    call(
      "abs",
      type,
      [number],
      (value: number | bigint) => value < 0 ? fitResult(-BigInt(value), type, "abs") : value,
    ),
  );
}

/** The remainder, brought into the divisor's range from zero: `pmod(-1, 3)` is 2. */
function bindPositiveMod([left, right, ...more]: readonly Bound[]): Bound | undefined {
  if (left === undefined || right === undefined || more.length > 0) return undefined;
  const rest = bindArithmetic("%", left, right);
  const shifted = rest === undefined ? undefined : bindArithmetic("+", rest, right);
  const wrapped = shifted === undefined ? undefined : bindArithmetic("%", shifted, right);
  if (rest === undefined || wrapped === undefined) return undefined;
  const zero = literal("integer", 0);
  const compare = compareFor(rest.type, zero.type);
  const isNegative = {
    kind: "compare",
    type: "boolean",
    operator: "<",
    left: rest,
    right: zero,
    compare,
  } as const;
  const then = cast(wrapped, rest.type);
  if (then === undefined) return undefined;
  const { type } = rest;
  return fold({ kind: "case", type, branches: [{ when: isNegative, then }], otherwise: rest });
}

function bindWhole(name: "floor" | "ceil", args: readonly Bound[]): Bound | undefined {
  const [arg, ...more] = args;
  if (arg === undefined || more.length > 0) return undefined;
  const { type } = arg;
  if (isIntegral(type)) return cast(arg, "long");
  if (isDecimal(type)) {
    const whole = {
      type: "decimal",
      precision: type.precision - type.scale + 1,
      scale: 0,
    } as const;
    const result = keepingWholeDigits(whole.precision, 0);
    return fold(call(name, result, [arg], (value: Decimal) => {
      const unscaled = name === "floor"
        ? floorOf(value)
        : -floorOf(new Decimal(-value.unscaled, value.scale));
      return fitDecimal(new Decimal(unscaled, 0), result);
    }));
  }
  const number = coerce(arg, "double");
  if (number === undefined) return undefined;
  const round = name === "floor" ? Math.floor : Math.ceil;
  // As Java's cast, which Spark uses here: what is too large becomes the largest.
  return fold(call(name, "long", [number], (value: number) => saturated(round(value))));
}

function saturated(value: number): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value >= 2 ** 63) return 2n ** 63n - 1n;
  return value <= -(2 ** 63) ? -(2n ** 63n) : BigInt(value);
}

/** Null is no number, but also not NaN. */
function bindIsNaN([arg, ...more]: readonly Bound[]): Bound | undefined {
  const number = arg === undefined || more.length > 0 ? undefined : coerce(arg, "double");
  return number &&
    fold(call("isnan", "boolean", [number], (value: unknown) => Number.isNaN(value), true));
}

/** Halves go away from zero. The number of digits must be a literal, for the type depends on it. */
function bindRound([arg, digitsArg, ...more]: readonly Bound[]): Bound | undefined {
  const wanted = digitsArg ?? literal("integer", 0);
  if (arg === undefined || more.length > 0 || wanted.kind !== "literal") return undefined;
  const digits = wanted.value;
  if (typeof digits !== "number" || !Number.isInteger(digits) || Math.abs(digits) > 400) {
    return undefined;
  }
  const number = isNumeric(arg.type) ? arg : coerce(arg, "double");
  if (number === undefined) return undefined;
  const { type } = number;
  if (isDecimal(type)) {
    const result = roundedType(type, digits);
    return fold(
      call(
        "round",
        result,
        [number],
        (value: Decimal) =>
          fitDecimal(digits < value.scale ? roundHalfUp(value, digits) : value, result),
      ),
    );
  }
  if (type === "void") return undefined;
  if (isIntegral(type)) {
    return fold(
      call(
        "round",
        type,
        [number],
        (value: number | bigint) =>
          digits >= 0
            ? value
            : fitResult(roundHalfUp(toDecimal(value), digits).unscaled, type, "round"),
      ),
    );
  }
  return fold(call("round", type, [number], (value: number) => {
    if (!Number.isFinite(value)) return value;
    const rounded = Number(String(roundHalfUp(Decimal.parse(String(value)), digits)));
    return type === "float" ? Math.fround(rounded) : rounded;
  }));
}

function roundedType({ precision, scale }: DecimalType, digits: number): DecimalType {
  const whole = precision - scale + 1;
  if (digits < 0) return keepingWholeDigits(Math.max(whole, 1 - digits), 0);
  const kept = Math.min(scale, digits);
  return keepingWholeDigits(whole + kept, kept);
}
