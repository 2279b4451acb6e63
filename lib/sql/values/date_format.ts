import { dateOf, splitDay } from "./time_math.ts";

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** What a run of pattern letters writes: of a day and of the microseconds since it began. */
type Part = (date: Date, rest: number) => string;

const PARTS: Readonly<Record<string, Part>> = {
  yyyy: (date) => padded(date.getUTCFullYear(), 4),
  y: (date) => String(date.getUTCFullYear()),
  yy: (date) => padded(date.getUTCFullYear() % 100, 2),
  M: (date) => String(date.getUTCMonth() + 1),
  MM: (date) => padded(date.getUTCMonth() + 1, 2),
  MMM: (date) => MONTHS[date.getUTCMonth()]!.slice(0, 3),
  MMMM: (date) => MONTHS[date.getUTCMonth()]!,
  d: (date) => String(date.getUTCDate()),
  dd: (date) => padded(date.getUTCDate(), 2),
  E: (date) => DAYS[date.getUTCDay()]!.slice(0, 3),
  EEE: (date) => DAYS[date.getUTCDay()]!.slice(0, 3),
  EEEE: (date) => DAYS[date.getUTCDay()]!,
  H: (_, rest) => String(Math.floor(rest / 3.6e9)),
  HH: (_, rest) => padded(Math.floor(rest / 3.6e9), 2),
  h: (_, rest) => String((Math.floor(rest / 3.6e9) + 11) % 12 + 1),
  hh: (_, rest) => padded((Math.floor(rest / 3.6e9) + 11) % 12 + 1, 2),
  a: (_, rest) => rest < 43.2e9 ? "AM" : "PM",
  m: (_, rest) => String(Math.floor(rest / 6e7) % 60),
  mm: (_, rest) => padded(Math.floor(rest / 6e7) % 60, 2),
  s: (_, rest) => String(Math.floor(rest / 1e6) % 60),
  ss: (_, rest) => padded(Math.floor(rest / 1e6) % 60, 2),
};
const RUN = /([a-zA-Z])\1*|'((?:[^']|'')*)'|[^a-zA-Z']+/y;

/**
 * A function that writes points in time by a pattern of Java's DateTimeFormatter, in UTC and
 * English. `undefined` if the pattern has letters that are not known here.
 */
export function formatDate(pattern: string): ((micros: bigint) => string) | undefined {
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length;) {
    RUN.lastIndex = at;
    const match = RUN.exec(pattern);
    const part = match === null ? undefined : partOf(match);
    if (match === null || part === undefined) return undefined;
    parts.push(part);
    at += match[0].length;
  }
  return (micros) => {
    const { days, rest } = splitDay(micros);
    const date = dateOf(days);
    return parts.map((part) => part(date, Number(rest))).join("");
  };
}

function partOf([run, letter, quotedText]: RegExpExecArray): Part | undefined {
  if (quotedText !== undefined) {
    const text = quotedText === "" ? "'" : quotedText.replaceAll("''", "'");
    return () => text;
  }
  if (letter === undefined) return () => run;
  // A fraction of a second has as many digits as the run has letters.
  if (letter === "S" && run.length <= 6) {
    return (_, rest) => padded(rest % 1e6, 6).slice(0, run.length);
  }
  return PARTS[run];
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
