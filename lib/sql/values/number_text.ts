/** A double as Java and so Spark write it: `1.0`, `1.0E10`, `NaN`. */
export function doubleText(value: number): string {
  return numberText(value, String(value));
}

/** A float as Java and so Spark write it: with as few digits as tell it from other floats. */
export function floatText(value: number): string {
  let text = String(value);
  for (let digits = 1; digits <= 9 && Number.isFinite(value); digits++) {
    text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) break;
  }
  return numberText(value, text);
}

function numberText(value: number, shortest: string): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const size = Math.abs(value);
  const [mantissa = "", power = "0"] = Number(shortest).toExponential().split("e");
  if (size < 1e-3 || size >= 1e7) {
    return `${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${Number(power)}`;
  }
  const plain = String(Number(shortest));
  return plain.includes(".") ? plain : `${plain}.0`;
}
