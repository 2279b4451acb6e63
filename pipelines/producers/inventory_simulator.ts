import { randomNumbers } from "./random_numbers.ts";

/** A row of the table `customers`; times are in milliseconds since 1970. */
export interface SimulatedCustomer {
  readonly customer_id: number;
  readonly name: string;
  readonly city: string;
  readonly tier: string;
  readonly signed_up: number;
  readonly updated_at: number;
}

/** A row of the table `orders`; times are in milliseconds since 1970. */
export interface SimulatedOrder {
  readonly order_id: number;
  readonly customer_id: number;
  /** With two digits behind the point. */
  readonly amount: string;
  readonly status: string;
  readonly ordered_at: number;
  readonly updated_at: number;
}

/** One change of a row: the row as it is afterwards, or before it is deleted. */
export type InventoryChange =
  | {
    readonly table: "customers";
    readonly op: "insert" | "update";
    readonly row: SimulatedCustomer;
  }
  | {
    readonly table: "orders";
    readonly op: "insert" | "update" | "delete";
    readonly row: SimulatedOrder;
  };

/** Where a simulation takes up an earlier one. */
export interface InventorySimulationStart {
  readonly customers: readonly SimulatedCustomer[];
  readonly orders: readonly SimulatedOrder[];
  /** An id that no order has or had. */
  readonly nextOrderId: number;
  /** Tells when the next change is made, in milliseconds since 1970. */
  readonly now: () => number;
}

const NAMES = ["Alice", "Bob", "Chiara", "Dilan", "Emma", "Femi", "Grace", "Hugo", "Ines", "Jun"];
const CITIES = ["Athens", "Berlin", "Cork", "Delft", "Essen", "Faro"];
const TIERS = ["basic", "silver", "gold"];
const NEXT_STATUS: Readonly<Record<string, string>> = { new: "paid", paid: "shipped" };

const SIGN_UP_SHARE = 0.08;
const CUSTOMER_UPDATE_SHARE = 0.04;
const ORDER_SHARE = 0.5;
/** Of the changes of orders that are there. */
const DELETE_SHARE = 0.2;
/** How many orders tell a time that is a while ago, as those of a till that was offline. */
const DELAYED_SHARE = 0.1;
const MAX_DELAY_MS = 5 * 60_000;
const LARGE_SHARE = 0.03;

/**
 * An endless stream of changes: customers sign up, move and get other tiers; orders are made, paid,
 * shipped, corrected and deleted. The same seed and start give the same changes.
 */
export function* simulateInventory(
  seed: number,
  start: InventorySimulationStart,
): Generator<InventoryChange> {
  const random = randomNumbers(seed);
  const below = (end: number) => Math.floor(random() * end);
  const any = (texts: readonly string[]) => texts[below(texts.length)]!;
  const customers = [...start.customers];
  const orders = [...start.orders];
  let nextCustomerId = 1 + Math.max(0, ...customers.map(({ customer_id }) => customer_id));
  let { nextOrderId } = start;
  for (;;) {
    const now = start.now();
    const kind = random();
    if (customers.length === 0 || kind < SIGN_UP_SHARE) {
      const row = {
        customer_id: nextCustomerId++,
        name: any(NAMES),
        city: any(CITIES),
        tier: any(TIERS),
        signed_up: now,
        updated_at: now,
      };
      customers.push(row);
      yield { table: "customers", op: "insert", row };
      continue;
    }
    const which = below(customers.length);
    const customer = customers[which]!;
    if (kind < SIGN_UP_SHARE + CUSTOMER_UPDATE_SHARE) {
      const row = { ...customer, city: any(CITIES), tier: any(TIERS), updated_at: now };
      customers[which] = row;
      yield { table: "customers", op: "update", row };
      continue;
    }
    if (orders.length === 0 || kind < SIGN_UP_SHARE + CUSTOMER_UPDATE_SHARE + ORDER_SHARE) {
      const delayMs = random() < DELAYED_SHARE ? below(MAX_DELAY_MS) : 0;
      const cents = random() < LARGE_SHARE ? 100_000 + below(400_000) : 100 + below(90_000);
      const row = {
        order_id: nextOrderId++,
        customer_id: customer.customer_id,
        amount: amountOf(cents),
        status: "new",
        ordered_at: now - delayMs,
        updated_at: now,
      };
      orders.push(row);
      yield { table: "orders", op: "insert", row };
      continue;
    }
    const place = below(orders.length);
    const order = orders[place]!;
    if (random() < DELETE_SHARE) {
      orders.splice(place, 1);
      yield { table: "orders", op: "delete", row: order };
      continue;
    }
    const status = NEXT_STATUS[order.status];
    const changed = status === undefined ? { amount: amountOf(100 + below(90_000)) } : { status };
    const row = { ...order, ...changed, updated_at: now };
    orders[place] = row;
    yield { table: "orders", op: "update", row };
  }
}

function amountOf(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
}
