import { type Bound, call } from "./bound.ts";
import { cast, fold } from "./coerce.ts";
import type { ExpressionNode } from "./parse/expression.ts";
import { addToDate, addToTimestamp } from "./values/time_math.ts";

/**
 * A date or timestamp and an interval. A date and whole days make a date, a date and hours make a
 * timestamp. `undefined` for what is no time.
 */
export function bindTimeSum(
  operator: "+" | "-",
  operand: Bound,
  interval: Extract<ExpressionNode, { kind: "interval" }>,
): Bound | undefined {
  const sign = operator === "+" ? 1 : -1;
  const months = interval.months * sign;
  const days = interval.days * sign;
  const micros = interval.micros * BigInt(sign);
  if (operand.type === "date" && micros === 0n) {
    return fold(
      call(operator, "date", [operand], (date: number) => addToDate(date, months, days)),
    );
  }
  const isTimestamp = operand.type === "timestamp" || operand.type === "timestamp_ntz";
  const time = operand.type === "date" || operand.type === "void"
    ? cast(operand, "timestamp")
    : operand;
  if (time === undefined || (!isTimestamp && time.type !== "timestamp")) return undefined;
  return fold(
    call(
      operator,
      time.type,
      [time],
      (start: bigint) => addToTimestamp(start, months, days, micros),
    ),
  );
}
