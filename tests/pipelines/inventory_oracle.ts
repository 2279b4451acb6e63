import type { ReadRecord } from "../kafka/test_topic.ts";

/** An order as it was made, of a record of its topic. */
export interface OracleOrder {
  readonly order_id: number;
  readonly customer_id: number;
  readonly cents: bigint;
  /** In microseconds since 1970. */
  readonly ordered_at: number;
}

const MINUTE = 60_000_000;

/** Each order as its first record says that tells of it as new or as read by a snapshot. */
export function madeOrders(records: readonly ReadRecord[]): OracleOrder[] {
  const made = new Map<number, OracleOrder>();
  for (const { value } of records) {
    const { op, after } = changeIn(value);
    if ((op !== "c" && op !== "r") || made.has(after.order_id)) continue;
    const { order_id, customer_id, ordered_at } = after;
    const cents = BigInt(after.amount.replace(".", ""));
    made.set(order_id, { order_id, customer_id, ordered_at, cents });
  }
  return [...made.values()];
}

/** The change that a record tells of, whether a schema is beside it or not; empty if it tells of none. */
// deno-lint-ignore no-explicit-any -- JSON of Debezium
export function changeIn(value: string | null): any {
  try {
    const json = JSON.parse(value ?? "{}") ?? {};
    return json.payload ?? json;
  } catch {
    return {};
  }
}

/** Rows `customer start end orders cents` of windows of five minutes that start so far apart; sorted. */
export function windowTotals(orders: readonly OracleOrder[], slideMinutes: number): string[] {
  const length = 5 * MINUTE;
  const slide = slideMinutes * MINUTE;
  const windows = new Map<string, OracleOrder[]>();
  for (const order of orders) {
    const last = Math.floor(order.ordered_at / slide) * slide;
    for (let start = last; start > order.ordered_at - length; start -= slide) {
      const key = `${order.customer_id} ${start} ${start + length}`;
      windows.set(key, [...windows.get(key) ?? [], order]);
    }
  }
  return [...windows].map(([key, inside]) => `${key} ${totals(inside)}`).sort();
}

/** The same of sessions: orders of a customer that are at most five minutes apart. */
export function sessionTotals(orders: readonly OracleOrder[]): string[] {
  const rows: string[] = [];
  for (const own of Map.groupBy(orders, ({ customer_id }) => customer_id).values()) {
    own.sort((a, b) => a.ordered_at - b.ordered_at);
    let session: OracleOrder[] = [];
    for (const [i, order] of own.entries()) {
      session.push(order);
      const next = own[i + 1]?.ordered_at ?? Infinity;
      const end = order.ordered_at + 5 * MINUTE;
      if (next <= end) continue;
      rows.push(`${order.customer_id} ${session[0]!.ordered_at} ${end} ${totals(session)}`);
      session = [];
    }
  }
  return rows.sort();
}

function totals(orders: readonly OracleOrder[]): string {
  return `${orders.length} ${orders.reduce((sum, { cents }) => sum + cents, 0n)}`;
}
