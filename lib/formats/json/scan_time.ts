const MINUS = 0x2d;
const POINT = 0x2e;
const COLON = 0x3a;
const LETTER_T = 0x54;

/** Days since 1970-01-01 of the ten bytes `YYYY-MM-DD` at `pos`; NaN if they are no day. */
export function scanDate(bytes: Uint8Array, pos: number): number {
  const year = twoDigits(bytes, pos) * 100 + twoDigits(bytes, pos + 2);
  const month = twoDigits(bytes, pos + 5);
  const day = twoDigits(bytes, pos + 8);
  if (bytes[pos + 4] !== MINUS || bytes[pos + 7] !== MINUS) return NaN;
  // Written so that NaN is refused too.
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) {
    return NaN;
  }
  // Years begin in March here, so that the leap day is the last: a year's day is then a line in months.
  const years = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return years * 365 + leapDays(years) + dayOfYear - 719_468;
}

/**
 * Microseconds since 1970-01-01T00:00:00 of `YYYY-MM-DDTHH:mm:ss` and up to six decimals in
 * `bytes[pos, end)`; NaN if it is anything else or not exact as a double.
 */
export function scanDateTime(bytes: Uint8Array, pos: number, end: number): number {
  if (end - pos < 19 || end - pos > 26) return NaN;
  const days = scanDate(bytes, pos);
  const hour = twoDigits(bytes, pos + 11);
  const minute = twoDigits(bytes, pos + 14);
  const second = twoDigits(bytes, pos + 17);
  if (
    bytes[pos + 10] !== LETTER_T || bytes[pos + 13] !== COLON || bytes[pos + 16] !== COLON ||
    !(hour <= 23 && minute <= 59 && second <= 59)
  ) {
    return NaN;
  }
  let fraction = 0;
  if (end > pos + 19) {
    if (bytes[pos + 19] !== POINT || end === pos + 20) return NaN;
    for (let i = pos + 20; i < pos + 26; i++) {
      const digit = i < end ? bytes[i]! ^ 0x30 : 0;
      if (digit > 9) return NaN;
      fraction = fraction * 10 + digit;
    }
  }
  const micros = (days * 86400 + hour * 3600 + minute * 60 + second) * 1_000_000 + fraction;
  return Number.isSafeInteger(micros) ? micros : NaN;
}

function twoDigits(bytes: Uint8Array, pos: number): number {
  const tens = bytes[pos]! ^ 0x30;
  const ones = bytes[pos + 1]! ^ 0x30;
  return tens <= 9 && ones <= 9 ? tens * 10 + ones : NaN;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return leapDays(year) > leapDays(year - 1) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Leap years from year 1 up to and including a year. */
function leapDays(year: number): number {
  return Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
}
