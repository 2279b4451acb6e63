import { Random } from "../support/random.ts";

/** More than a double can tell apart. */
const FIRST_ID = 9_007_199_254_740_993n;
const POISON_EVERY = 97;
const KEYS = 40;
const DISORDER_MS = 3_000;
const OLD_MS = 300_000;
const FLUSH_MS = 86_400_000;
const OLD_SHARE = 0.01;

/** A record of the soak: a number is told by its value alone, and no two have the same. */
export interface SoakRecord {
  readonly key: string;
  readonly value: string;
}

/** The record with this number. But for its time it is the same from every process. */
export function soakRecord(seed: number, number: number, nowMs: number): SoakRecord {
  const random = new Random(seed + number * 7_919);
  const key = `k${random.integer(1, KEYS)}`;
  if (number % POISON_EVERY === 0) return { key, value: `{"poison":${number}}` };
  const ts = nowMs - random.integer(0, random.next() < OLD_SHARE ? OLD_MS : DISORDER_MS);
  const amount = `${random.integer(0, 9_999)}.${random.integer(10, 99)}`;
  const id = FIRST_ID + BigInt(number);
  return { key, value: `{"id":${id},"key":"${key}","ts":${ts},"amount":"${amount}"}` };
}

/** A record of a time so late that all windows before it are over. */
export function flushRecord(number: number, nowMs: number): SoakRecord {
  const id = FIRST_ID + BigInt(number);
  const ts = nowMs + FLUSH_MS;
  return { key: "flush", value: `{"id":${id},"key":"flush","ts":${ts},"amount":"0.00"}` };
}

/** The number of the record that has this value; `undefined` if none has. */
export function numberOf(value: string): number | undefined {
  const id = /^\{"id":(\d+),"key":/.exec(value)?.[1];
  if (id !== undefined) return Number(BigInt(id) - FIRST_ID);
  const poison = /^\{"poison":(\d+)\}$/.exec(value)?.[1];
  return poison === undefined ? undefined : Number(poison);
}
