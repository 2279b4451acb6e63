import { Decimal, type Row, schema as s } from "../../../lib/core/mod.ts";
import { Random } from "../../support/random.ts";

/** Columns of every type that aggregates and keys are made of. */
export const Trade = s.struct({
  id: s.long(),
  symbol: s.string().nullable(),
  at: s.timestamp().nullable(),
  price: s.decimal(18, 8).nullable(),
  huge: s.decimal(38, 6).nullable(),
  quantity: s.integer().nullable(),
  level: s.byte().nullable(),
  big: s.long().nullable(),
  volume: s.double().nullable(),
  weight: s.float().nullable(),
  ratio: s.double().nullable(),
  flag: s.boolean().nullable(),
  day: s.date().nullable(),
  bytes: s.binary().nullable(),
});

/** What is joined with trades: a payment for one of them. */
export const Payment = s.struct({
  payment: s.long(),
  trade: s.long().nullable(),
  paid: s.timestamp().nullable(),
  amount: s.decimal(12, 2).nullable(),
});

/** A table that stands still. Spark's tables in files may have a null in every column. */
export const Listing = s.struct({
  symbol: s.string().nullable(),
  name: s.string().nullable(),
  lot: s.integer().nullable(),
});

/** A row of the stream `trades`. */
export type TradeRow = Row<typeof Trade>;
/** A row of the stream `payments`. */
export type PaymentRow = Row<typeof Payment>;
/** A row of the table `listings`. */
export type ListingRow = Row<typeof Listing>;

/** What the streams have while a query runs to its end once: of each the rows of every micro-batch. */
export interface Round {
  readonly trades: readonly (readonly TradeRow[])[];
  readonly payments: readonly (readonly PaymentRow[])[];
}

/** What a query is run on: between two rounds it is stopped and started again. */
export interface CaseRows {
  readonly rounds: readonly Round[];
  readonly listings: readonly ListingRow[];
}

/** 2024-01-01T00:00:00Z, in microseconds. */
const START = 1_704_067_200_000_000n;
const SECOND = 1_000_000;
/** How far time goes on from one batch to the next, in seconds. */
const STEP_SECONDS = [6, 9, 5, 35, 4, 12, 8, 50];
const ROUNDS = 2;
const BATCHES_PER_ROUND = 4;

/** Rows from a seed: out of order, some very late, with nulls and duplicates. */
export function randomRows(seed: number): CaseRows {
  const random = new Random(seed);
  const trades = new RandomTrades(random);
  const payments = new RandomPayments(random, trades);
  let seconds = 0;
  const rounds = Array.from({ length: ROUNDS }, (_, round): Round => {
    const batches: Round = { trades: [], payments: [] };
    return Array.from({ length: BATCHES_PER_ROUND }).reduce<Round>((sofar, _, i) => {
      seconds += STEP_SECONDS[round * BATCHES_PER_ROUND + i]!;
      return {
        trades: [...sofar.trades, trades.batch(seconds, random.integer(8, 14))],
        payments: [...sofar.payments, payments.batch(seconds, random.integer(6, 12))],
      };
    }, batches);
  });
  return { rounds, listings: LISTINGS };
}

/** The same rows, at other times. */
export function movedRows({ rounds, listings }: CaseRows, byMicros: bigint): CaseRows {
  const moved = (micros: bigint | null) => micros === null ? null : micros + byMicros;
  return {
    listings,
    rounds: rounds.map(({ trades, payments }) => ({
      trades: trades.map((rows) => rows.map((row) => ({ ...row, at: moved(row.at) }))),
      payments: payments.map((rows) => rows.map((row) => ({ ...row, paid: moved(row.paid) }))),
    })),
  };
}

const LISTINGS: readonly ListingRow[] = [
  { symbol: "BTC", name: "Bitcoin", lot: 1 },
  { symbol: "BTC", name: "Bitcoin, small", lot: null },
  { symbol: "ŁTC", name: "Łitecoin", lot: 10 },
  { symbol: null, name: "of no symbol", lot: 3 },
];
const SYMBOLS = ["BTC", "BTC", "ETH", "ŁTC", "", null];
const RATIOS = [0, -0, NaN, Infinity, -Infinity, 0.1, 1e300, null];

class RandomTrades {
  readonly #random: Random;
  /** All there were so far. */
  readonly rows: TradeRow[] = [];
  #nextId = 9_007_199_254_740_990n;

  constructor(random: Random) {
    this.#random = random;
  }

  batch(seconds: number, rows: number): TradeRow[] {
    return Array.from({ length: rows }, () => {
      const row = this.#row(seconds);
      this.rows.push(row);
      return row;
    });
  }

  #row(seconds: number): TradeRow {
    const random = this.#random;
    if (this.rows.length > 0 && random.next() < 0.15) {
      const row = random.pick(this.rows);
      return random.next() < 0.5 ? row : { ...row, quantity: random.integer(1, 9) };
    }
    const sometimes = <T>(value: T): T | null => random.next() < 0.12 ? null : value;
    const day = 19_723 + random.integer(0, 2);
    return {
      id: this.#nextId++,
      symbol: random.pick(SYMBOLS),
      at: sometimes(randomTime(random, seconds)),
      price: sometimes(new Decimal(BigInt(random.integer(-1e9, 1e9)) * 1_000_003n, 8)),
      huge: sometimes(new Decimal(BigInt(random.integer(-1e9, 1e9)) * 10n ** 18n + 1n, 6)),
      quantity: sometimes(random.integer(-5, 20)),
      level: sometimes(random.integer(-128, 127)),
      big: sometimes(BigInt(random.integer(-1e9, 1e9)) * 9_007_199n + 1n),
      // Eighths, so that a sum of them is exact in any order.
      volume: sometimes(random.integer(-800, 800) / 8),
      weight: sometimes(random.integer(-80, 80) / 4),
      ratio: random.pick(RATIOS),
      flag: sometimes(random.next() < 0.5),
      day: sometimes(day),
      bytes: sometimes(Uint8Array.of(random.integer(0, 255), random.integer(0, 1))),
    };
  }
}

class RandomPayments {
  readonly #random: Random;
  readonly #trades: RandomTrades;
  #nextId = 1n;

  constructor(random: Random, trades: RandomTrades) {
    this.#random = random;
    this.#trades = trades;
  }

  batch(seconds: number, rows: number): PaymentRow[] {
    return Array.from({ length: rows }, () => this.#row(seconds));
  }

  /** Mostly for one of the newest trades. */
  #row(seconds: number): PaymentRow {
    const random = this.#random;
    const { rows } = this.#trades;
    const trade = rows[Math.max(0, rows.length - random.integer(1, 25))]!;
    return {
      payment: this.#nextId++,
      trade: random.next() < 0.1 ? null : trade.id,
      paid: random.next() < 0.1 ? null : randomTime(random, seconds),
      amount: random.next() < 0.1 ? null : new Decimal(BigInt(random.integer(1, 1e6)), 2),
    };
  }
}

/** Around that second, or long before it; often at the bounds of windows and of milliseconds. */
function randomTime(random: Random, seconds: number): bigint {
  const past = random.next() < 0.12 ? random.integer(20, 90) : 0;
  const offset = (random.next() - 0.5) * 16 - past;
  const unit = random.pick([SECOND, SECOND / 2, 1_000, 1]);
  const micros = Math.round((seconds + offset) * SECOND / unit) * unit;
  return START + BigInt(micros);
}
