import { randomNumbers } from "./random_numbers.ts";

/** What a simulated person does to the two tables. */
export type FundAction =
  | { readonly kind: "insertFund"; readonly name: string; readonly description: string | null }
  | { readonly kind: "priceFund"; readonly fundId: number; readonly price: string | null }
  | { readonly kind: "renameFund"; readonly fundId: number; readonly name: string }
  | { readonly kind: "renumberFund"; readonly fundId: number }
  | { readonly kind: "deleteFund"; readonly fundId: number }
  | {
    readonly kind: "insertUnit";
    readonly fundId: number;
    readonly price: string;
    readonly date: string;
  }
  | { readonly kind: "priceUnit"; readonly unitId: number; readonly price: string }
  | { readonly kind: "deleteUnit"; readonly unitId: number };

/** The ids of the rows that are there. */
export interface FundIds {
  readonly funds: readonly number[];
  /** The units, with the funds that they are of. */
  readonly units: ReadonlyMap<number, number | null>;
}

/** Above this number funds are closed as often as they are opened. */
const FUNDS = 40;

const KINDS = ["Growth", "Income", "Bond", "Index", "Value", "Climate", "Health", "Small Cap"];
const REGIONS = ["Global", "Europe", "Asia", "Nordic", "Emerging", "Swiss"];

/** Chooses what happens next; the same seed and the same answers of the database give the same. */
export class FundSimulator {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
  }

  /** What happens to these rows next. */
  next({ funds, units }: FundIds): FundAction {
    const random = this.#random;
    if (funds.length < 5) return this.#insertFund();
    const fundId = this.#pick(funds);
    const hasUnits = [...units.values()].includes(fundId);
    const choice = random();
    if (choice < 0.08) return this.#insertFund();
    if (choice < 0.40) return { kind: "priceFund", fundId, price: this.#fundPrice() };
    if (choice < 0.46) return { kind: "renameFund", fundId, name: this.#name() };
    if (choice < 0.48 && !hasUnits) return { kind: "renumberFund", fundId };
    if (choice < (funds.length > FUNDS ? 0.58 : 0.52)) return { kind: "deleteFund", fundId };
    if (choice < 0.80 || units.size === 0) {
      const day = Date.UTC(2026, 0, 1) + Math.floor(random() * 365) * 86_400_000;
      const date = new Date(day).toISOString().slice(0, 10);
      return { kind: "insertUnit", fundId, price: this.#price(), date };
    }
    const unitId = this.#pick([...units.keys()]);
    return choice < 0.93
      ? { kind: "priceUnit", unitId, price: this.#price() }
      : { kind: "deleteUnit", unitId };
  }

  #insertFund(): FundAction {
    const description = this.#random() < 0.2 ? null : `Invests in “${this.#name()}”, with care.`;
    return { kind: "insertFund", name: this.#name(), description };
  }

  #name(): string {
    return `${this.#pick(REGIONS)} ${this.#pick(KINDS)} Fund`;
  }

  /** Now and then there is none, or the greatest that fits. */
  #fundPrice(): string | null {
    const choice = this.#random();
    return choice < 0.05 ? null : choice < 0.1 ? "99999999.99" : this.#price();
  }

  #price(): string {
    const cents = Math.floor(this.#random() ** 3 * 10_000_000);
    return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)]!;
  }
}
