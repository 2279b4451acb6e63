/** From here on doubles are summed apart: two below it have a sum that is a double. */
const HUGE = 2 ** 1022;
const UNIT_EXPONENT = 1074;

/**
 * Adds a double to an exact sum, which is a list of doubles of rising magnitude whose bits do not
 * overlap (Shewchuk, Adaptive Precision Floating-Point Arithmetic, 1997). The list stays short: two
 * or three doubles for values of like magnitude. All are below 2^1022 in magnitude.
 */
export function addExactly(parts: number[], value: number): void {
  let x = value;
  let kept = 0;
  for (let i = 0; i < parts.length; i++) {
    let y = parts[i]!;
    if (Math.abs(x) < Math.abs(y)) {
      const larger = y;
      y = x;
      x = larger;
    }
    const high = x + y;
    const low = y - (high - x);
    if (low !== 0) parts[kept++] = low;
    x = high;
  }
  parts.length = kept;
  if (x !== 0) parts.push(x);
}

/** True for a double that `addExactly` must not be given. */
export function isHuge(value: number): boolean {
  return value >= HUGE || value <= -HUGE;
}

/** The double next to the sum of the parts, the even one of two that are as near. */
export function roundExactly(parts: readonly number[]): number {
  let i = parts.length - 1;
  if (i < 0) return 0;
  let sum = parts[i--]!;
  let rest = 0;
  while (i >= 0 && rest === 0) {
    const x = sum;
    const y = parts[i--]!;
    sum = x + y;
    rest = y - (sum - x);
  }
  // Half way between two doubles, what lies below decides.
  if (i >= 0 && rest !== 0 && Math.sign(rest) === Math.sign(parts[i]!)) {
    const next = sum + rest * 2;
    if (next - sum === rest * 2) return next;
  }
  return sum;
}

/** A finite double as an integer of units of 2^-1074: exact for all of them. */
export function unitsOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const magnitude = exponent === 0n ? fraction : (fraction | 1n << 52n) << (exponent - 1n);
  return bits >> 63n === 0n ? magnitude : -magnitude;
}

/** The double next to an integer of units of 2^-1074; infinite past the greatest one. */
export function doubleOfUnits(units: bigint): number {
  const magnitude = units < 0n ? -units : units;
  // 64 bits and a mark for what lies below them round as the whole does.
  const shift = Math.max(0, magnitude.toString(2).length - 64);
  let top = magnitude >> BigInt(shift);
  if (top << BigInt(shift) !== magnitude) top |= 1n;
  // In two steps, since 2^-1074 times 2^shift alone may be no double.
  const exponent = shift - UNIT_EXPONENT;
  const half = Math.trunc(exponent / 2);
  const value = Number(top) * 2 ** half * 2 ** (exponent - half);
  return units < 0n ? -value : value;
}
