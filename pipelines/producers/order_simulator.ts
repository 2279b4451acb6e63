import { randomNumbers } from "./random_numbers.ts";

/** What is to be changed in the table of orders. */
export type OrderChange =
  | { readonly op: "insert"; readonly columns: OrderColumns }
  | { readonly op: "update"; readonly orderId: number; readonly columns: Partial<OrderColumns> }
  /** The order gets another number. */
  | { readonly op: "rekey"; readonly orderId: number }
  | { readonly op: "delete"; readonly orderId: number };

/** The columns of an order, but for its number. */
export interface OrderColumns {
  readonly user_id: number;
  readonly name: string;
  readonly amount: string;
  readonly note: string | null;
}

const NAMES = ["Alice", "Bob", "Charlie", "Dilan", "Emma", "Femi", "Grace", "Hugo", "Ines", "Jun"];
const WORDS = [
  "gift",
  "fragile",
  "call first",
  "leave at the door",
  "paid — “twice”",
  "ünïcode 🎁",
];
const USERS = 200;

/** Of all changes; the rest are updates. */
const INSERT_SHARE = 0.4;
const DELETE_SHARE = 0.2;
const REKEY_SHARE = 0.03;

/**
 * Thinks of changes of orders, one after the other: new ones come, others change, get another number
 * or go. The same seed, orders and numbers give the same changes. The database gives the numbers:
 * `added` and `removed` tell them.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { OrderSimulator } from "./order_simulator.ts";
 *
 * const simulator = new OrderSimulator(1, []);
 * equal(simulator.next().op, "insert");
 * ```
 */
export class OrderSimulator {
  readonly #random: () => number;
  readonly #orderIds: number[];

  /** Takes the numbers of the orders that are there. */
  constructor(seed: number, orderIds: readonly number[]) {
    this.#random = randomNumbers(seed);
    this.#orderIds = [...orderIds];
  }

  /** The next change. */
  next(): OrderChange {
    const point = this.#random();
    if (this.#orderIds.length === 0 || point < INSERT_SHARE) {
      return { op: "insert", columns: this.#columns() };
    }
    const orderId = this.#pick(this.#orderIds);
    if (point < INSERT_SHARE + DELETE_SHARE) return { op: "delete", orderId };
    if (point < INSERT_SHARE + DELETE_SHARE + REKEY_SHARE) return { op: "rekey", orderId };
    const { name, amount, note } = this.#columns();
    return { op: "update", orderId, columns: this.#pick([{ name }, { amount }, { note }]) };
  }

  /** To be told of an order that is there now. */
  added(orderId: number): void {
    this.#orderIds.push(orderId);
  }

  /** To be told of an order that is gone. */
  removed(orderId: number): void {
    const index = this.#orderIds.indexOf(orderId);
    const last = this.#orderIds.pop()!;
    if (index < this.#orderIds.length) this.#orderIds[index] = last;
  }

  #columns(): OrderColumns {
    return {
      user_id: 1 + Math.floor(this.#random() * USERS),
      name: this.#pick(NAMES),
      amount: (Math.floor(this.#random() * 100_000) / 100).toFixed(2),
      note: this.#random() < 0.3 ? null : this.#pick(WORDS),
    };
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!;
  }
}
