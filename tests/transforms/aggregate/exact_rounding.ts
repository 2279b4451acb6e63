/** The double next to a sum of finite doubles, the even one of two as near: found by trying. */
export function nearestToSum(values: readonly number[]): number {
  const exact = values.reduce((sum, value) => sum + unitsOf(value), 0n);
  // Doubles of one sign are in the order of their bits: the last one that is not above, by halves.
  const magnitude = exact < 0n ? -exact : exact;
  let low = 0n;
  let high = bitsOf(Infinity);
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (unitsOfBits(middle) <= magnitude) low = middle;
    else high = middle;
  }
  const below = magnitude - unitsOfBits(low);
  const above = unitsOfBits(low + 1n) - magnitude;
  const isUp = above < below || (above === below && low % 2n === 1n);
  const nearest = doubleOfBits(isUp ? low + 1n : low);
  return exact < 0n ? -nearest : nearest;
}

function unitsOf(value: number): bigint {
  return value < 0 ? -unitsOfBits(bitsOf(-value)) : unitsOfBits(bitsOf(value));
}

/** In units of 2^-1074; of infinity, what would come behind the greatest double. */
function unitsOfBits(bits: bigint): bigint {
  const exponent = bits / 2n ** 52n;
  const fraction = bits % 2n ** 52n;
  return exponent === 0n ? fraction : (2n ** 52n + fraction) * 2n ** (exponent - 1n);
}

function bitsOf(value: number): bigint {
  return new BigUint64Array(Float64Array.of(Math.abs(value)).buffer)[0]!;
}

function doubleOfBits(bits: bigint): number {
  return new Float64Array(BigUint64Array.of(bits).buffer)[0]!;
}
