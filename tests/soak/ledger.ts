import type { ProducerLog } from "./producer_log.ts";
import { numberOf } from "./soak_event.ts";
import { WATERMARK_DELAY_MICROS, WINDOW_MICROS } from "./soak_query.ts";
import { rowText } from "../support/sink_rows.ts";

/** What a topic holds, beside what producers wrote down. */
export interface Sent {
  /** The values of all records of the source topic. */
  readonly values: readonly string[];
  readonly log: ProducerLog;
}

/** The rows that the sinks must hold, as `rowText` has them. */
export interface ExpectedRows {
  readonly raw: readonly string[];
  readonly dead: readonly string[];
  readonly windows: readonly string[];
  readonly latest: readonly string[];
}

interface Event {
  readonly id: bigint;
  readonly key: string;
  /** Microseconds since 1970. */
  readonly ts: bigint;
  readonly cents: bigint;
}

interface WindowRow {
  readonly window: { readonly start: bigint; readonly end: bigint };
  readonly key: string;
  readonly n: number;
  readonly total: string;
  readonly first_id: bigint;
  readonly last_id: bigint;
  readonly last_ts: bigint;
}

/** The topic has what has arrived, each record once, and nothing that nobody sent. */
export function compareTopic({ values, log }: Sent): string[] {
  const counts = new Map<number, number>();
  const differences: string[] = [];
  for (const value of values) {
    const number = numberOf(value);
    if (number === undefined || number >= log.end) {
      differences.push(`source topic: nobody sent ${value}`);
    } else counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  for (const [number, count] of counts) {
    if (count > 1) differences.push(`source topic: record ${number} is there ${count} times`);
  }
  for (const [start, end] of log.arrived) {
    for (let number = start; number < end; number++) {
      if (!counts.has(number)) differences.push(`source topic: record ${number} is missing`);
    }
  }
  return differences;
}

/**
 * What must be in the sinks, by a second way, from what is in the topic. Which events are late depends
 * on how the query cut its batches: those that it kept as late are in no window.
 */
export function expectedRows(values: readonly string[], late: readonly string[]): ExpectedRows {
  const events = values.flatMap((value) => eventIn(value) ?? []);
  const isLate = new Set(late);
  const inTime = events.filter((event) => !isLate.has(eventText(event)));
  const closed = closedWindows(inTime, latestTime(events) - WATERMARK_DELAY_MICROS);
  const newest = new Map<string, WindowRow>();
  for (const row of closed) {
    const other = newest.get(row.key);
    if (other === undefined || row.last_ts > other.last_ts) newest.set(row.key, row);
  }
  return {
    raw: events.map(eventText),
    dead: values.filter((value) => eventIn(value) === undefined),
    windows: closed.map(rowText),
    latest: [...newest.values()].filter(({ n }) => n % 4 !== 0).map(rowText),
  };
}

/** Events that are called late must have been sent, each once, and be behind what was sent. */
export function compareLate(values: readonly string[], late: readonly string[]): string[] {
  const sent = new Map(
    values.flatMap((value) => eventIn(value) ?? []).map((event) => [eventText(event), event]),
  );
  const closedMicros = latestTime([...sent.values()]) - WATERMARK_DELAY_MICROS;
  const seen = new Set<string>();
  return late.flatMap((text) => {
    const event = sent.get(text);
    const isTwice = seen.has(text);
    seen.add(text);
    if (event === undefined) return [`late events: nobody sent ${text}`];
    if (isTwice) return [`late events: ${text} is there twice`];
    return windowOf(event).end > closedMicros ? [`late events: ${text} was in time`] : [];
  });
}

/** What is missing, doubled and invented, a line for each with a few of the rows. */
export function differencesOf(
  where: string,
  found: readonly string[],
  wanted: readonly string[],
): string[] {
  const left = new Map<string, { wanted: number; found: number }>();
  const countOf = (text: string) => {
    let counts = left.get(text);
    if (counts === undefined) left.set(text, counts = { wanted: 0, found: 0 });
    return counts;
  };
  for (const text of wanted) countOf(text).wanted++;
  for (const text of found) countOf(text).found++;
  const those = (is: (counts: { wanted: number; found: number }) => boolean) =>
    [...left].filter(([, counts]) => is(counts)).map(([text]) => text);
  const line = (what: string, texts: readonly string[]) =>
    texts.length === 0
      ? []
      : [`${where}: ${texts.length} ${what}, such as ${texts.slice(0, 3).join(" ")}`];
  return [
    ...line("missing", those((counts) => counts.found < counts.wanted)),
    ...line("doubled", those((counts) => counts.wanted > 0 && counts.found > counts.wanted)),
    ...line("invented", those((counts) => counts.wanted === 0)),
  ];
}

function closedWindows(events: readonly Event[], closedMicros: bigint): WindowRow[] {
  const groups = Map.groupBy(events, (event) => `${windowOf(event).start} ${event.key}`);
  return [...groups.values()].filter(([first]) => windowOf(first!).end <= closedMicros)
    .map((group) => {
      const ids = group.map(({ id }) => id);
      return {
        window: windowOf(group[0]!),
        key: group[0]!.key,
        n: group.length,
        total: decimalText(group.reduce((total, { cents }) => total + cents, 0n)),
        first_id: ids.reduce((a, b) => a < b ? a : b),
        last_id: ids.reduce((a, b) => a > b ? a : b),
        last_ts: latestTime(group),
      };
    });
}

function windowOf({ ts }: Event): { readonly start: bigint; readonly end: bigint } {
  const start = ts - ts % WINDOW_MICROS;
  return { start, end: start + WINDOW_MICROS };
}

function latestTime(events: readonly Event[]): bigint {
  return events.reduce((latest, { ts }) => ts > latest ? ts : latest, 0n);
}

function eventIn(value: string): Event | undefined {
  const match = /^\{"id":(\d+),"key":"(\w+)","ts":(\d+),"amount":"(\d+)\.(\d\d)"\}$/.exec(value);
  if (match === null) return undefined;
  const [, id, key, ms, whole, hundredths] = match;
  return {
    id: BigInt(id!),
    key: key!,
    ts: BigInt(ms!) * 1000n,
    cents: BigInt(`${whole}${hundredths}`),
  };
}

function eventText({ id, key, ts, cents }: Event): string {
  return rowText({ id, key, ts, amount: decimalText(cents) });
}

function decimalText(cents: bigint): string {
  const digits = String(cents).padStart(3, "0");
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
