import { equal } from "assert";
import {
  formatDateDays,
  formatTimestampMicros,
  MAX_DATE_DAYS,
  MAX_TIMESTAMP_MICROS,
  MIN_DATE_DAYS,
  MIN_TIMESTAMP_MICROS,
  parseDateDays,
  parseTimestampMicros,
} from "../../lib/core/mod.ts";
import { Random } from "../support/random.ts";
import { randomBigInt } from "./random_values.ts";

Deno.test("every day of the years 1 to 9999 reads back from its text, in order", () => {
  const first = Temporal.PlainDate.from("0001-01-01");
  const random = new Random(1);
  for (let days = MIN_DATE_DAYS; days <= MAX_DATE_DAYS; days += random.integer(1, 40)) {
    const text = formatDateDays(days);
    equal(parseDateDays(text), days);
    equal(text, first.add({ days: days - MIN_DATE_DAYS }).toString());
  }
  equal(formatDateDays(MIN_DATE_DAYS), "0001-01-01");
  equal(formatDateDays(MAX_DATE_DAYS), "9999-12-31");
});

Deno.test("parseDateDays() refuses what is no day of the calendar", () => {
  const texts = [
    "0000-12-31",
    "2023-02-29",
    "1900-02-29",
    "2024-02-30",
    "2024-04-31",
    "2024-13-01",
  ];
  for (
    const text of [...texts, "2024-00-10", "2024-01-00", "2024-1-1", "20240101", "", "2024-01-01 "]
  ) {
    equal(parseDateDays(text), undefined, text);
  }
});

Deno.test("timestamps of the years 1 to 9999 read back from their text, to the microsecond", () => {
  const random = new Random(2);
  const extremes = [MIN_TIMESTAMP_MICROS, MAX_TIMESTAMP_MICROS, -1n, 0n, -1000n, -999n, 999_999n];
  for (let round = 0; round < 5_000; round++) {
    const micros = extremes[round] ??
      randomBigInt(random, MIN_TIMESTAMP_MICROS, MAX_TIMESTAMP_MICROS);
    const text = formatTimestampMicros(micros);
    equal(parseTimestampMicros(text, "forbidden"), micros, text);
    equal(parseTimestampMicros(`${text}Z`, "required"), micros, text);
    equal(Temporal.Instant.from(`${text}Z`).epochNanoseconds, micros * 1000n, text);
  }
  equal(formatTimestampMicros(MIN_TIMESTAMP_MICROS), "0001-01-01T00:00:00.000000");
  equal(formatTimestampMicros(MAX_TIMESTAMP_MICROS), "9999-12-31T23:59:59.999999");
  equal(formatTimestampMicros(-1n), "1969-12-31T23:59:59.999999");
});

Deno.test("parseTimestampMicros() takes the zone that is wanted and no other", () => {
  const noon = 1704110400000000n;
  equal(parseTimestampMicros("2024-01-01T12:00:00Z", "required"), noon);
  equal(parseTimestampMicros("2024-01-01T14:30:00+02:30", "required"), noon);
  equal(parseTimestampMicros("2024-01-01 07:00-0500", "required"), noon);
  equal(parseTimestampMicros("2024-01-01T13+01", "required"), undefined);
  equal(parseTimestampMicros("2024-01-01T12:00:00", "required"), undefined);
  equal(parseTimestampMicros("2024-01-01T12:00:00", "forbidden"), noon);
  equal(parseTimestampMicros("2024-01-01T12:00:00Z", "forbidden"), undefined);
  equal(parseTimestampMicros("2024-01-01T12:00:00", "utc"), noon);
  equal(parseTimestampMicros("2024-01-01T12:00:00Z", "utc"), noon);
});

Deno.test("parseTimestampMicros() rounds nothing and leaves the years 1 to 9999 to no zone", () => {
  equal(parseTimestampMicros("2024-01-01T00:00:00.123456000Z", "required"), 1704067200123456n);
  const refused = ["2024-01-01T00:00:00.1234567Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z"]
    .concat(["2024-01-01T00:00:60Z", "2023-02-29T00:00:00Z", "2024-01-01T00:00:00+19:00"])
    .concat([
      "0001-01-01T00:00:00+00:01",
      "9999-12-31T23:59:59-00:01",
      "0000-06-01T00:00:00Z",
      "now",
    ]);
  for (const text of refused) equal(parseTimestampMicros(text, "required"), undefined, text);
});
