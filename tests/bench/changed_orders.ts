import { Decimal, type Row, type Schema, schema as s } from "../../lib/core/mod.ts";
import { Random } from "../support/random.ts";

/** A table whose changes Debezium reads. */
export const Order = s.struct({
  id: s.long(),
  customer: s.string(),
  amount: s.decimal(12, 2),
  status: s.string(),
  note: s.string().nullable(),
  updated_at: s.timestamp(),
});

/** The same as the sinks keep it: of a row that is gone a change may tell the key alone. */
export const Replica: Schema = s.struct({
  id: s.long(),
  customer: s.string().nullable(),
  amount: s.decimal(12, 2).nullable(),
  status: s.string().nullable(),
  note: s.string().nullable(),
  updated_at: s.timestamp().nullable(),
});

/** How much happens to how many rows. */
export interface OrderHistory {
  readonly changes: number;
  /** At most this many rows are there at once. */
  readonly keys: number;
  readonly seed: number;
}

/** A change, as a record of Debezium's topic. */
export interface OrderChange {
  readonly op: "c" | "u" | "d";
  /** `{"id":1}` */
  readonly key: string;
  /** The envelope, without schemas. */
  readonly value: string;
}

/** What becomes of a row that is there; one that is not there comes. */
const UPDATES = 5 / 7;

const START_MS = Date.UTC(2026, 0, 1);
const STATUSES = ["new", "paid", "packed", "shipped", "returned"];
const NOTES = [null, null, "ring twice", "leave it with the neighbours", "a present: no invoice"];

/** A row as the envelopes tell it. */
interface TextRow {
  readonly id: number;
  readonly customer: string;
  readonly amount: string;
  readonly status: string;
  readonly note: string | null;
  readonly updated_at: string;
}

/**
 * A table that is changed at random, one change a transaction: keys come, change, go and come again.
 * The envelopes are those of a Postgres table with `REPLICA IDENTITY FULL` and a connector with
 * `decimal.handling.mode=string` and no tombstones.
 */
export class ChangedOrders {
  readonly #history: OrderHistory;
  readonly #random: Random;
  /** By key less one; `undefined` where there is no row. */
  readonly #rows: (TextRow | undefined)[];
  #made = 0;
  #lsn = 26_679_720;

  constructor(history: OrderHistory) {
    this.#history = history;
    this.#random = new Random(history.seed);
    this.#rows = new Array(history.keys).fill(undefined);
  }

  /** All that happens, in order. */
  *changes(): Generator<OrderChange> {
    for (; this.#made < this.#history.changes; this.#made++) yield this.#change();
  }

  /** What is in the table now. */
  *rows(): Generator<Row<typeof Order>> {
    for (const row of this.#rows) {
      if (row === undefined) continue;
      const updated_at = BigInt(Date.parse(row.updated_at)) * 1000n;
      yield { ...row, id: BigInt(row.id), amount: Decimal.parse(row.amount), updated_at };
    }
  }

  #change(): OrderChange {
    const id = this.#random.integer(1, this.#history.keys);
    const before = this.#rows[id - 1] ?? null;
    const op = before === null ? "c" : this.#random.next() < UPDATES ? "u" : "d";
    const after = op === "d" ? null : this.#newRow(id, before);
    this.#rows[id - 1] = after ?? undefined;
    return { op, key: `{"id":${id}}`, value: this.#envelope(op, before, after) };
  }

  #newRow(id: number, before: TextRow | null): TextRow {
    const random = this.#random;
    return {
      id,
      customer: before?.customer ?? `customer ${random.integer(1, 20_000)}`,
      amount: `${random.integer(1, 99_999)}.${String(random.integer(0, 99)).padStart(2, "0")}`,
      status: random.pick(STATUSES),
      note: random.pick(NOTES),
      updated_at: new Date(START_MS + this.#made).toISOString().replace("Z", "000Z"),
    };
  }

  #envelope(op: OrderChange["op"], before: TextRow | null, after: TextRow | null): string {
    const commitBefore = this.#lsn;
    this.#lsn += this.#random.integer(40, 200);
    const madeMs = START_MS + this.#made;
    const readMs = madeMs + 150;
    return `{"before":${JSON.stringify(before)},"after":${JSON.stringify(after)},` +
      `"source":{"version":"3.5.0.Final","connector":"postgresql","name":"shop","ts_ms":${madeMs},` +
      `"snapshot":"false","db":"shop","sequence":"[\\"${commitBefore}\\",\\"${this.#lsn}\\"]",` +
      `"ts_us":${madeMs}000,"ts_ns":${madeMs}000000,"schema":"public","table":"orders",` +
      `"txId":${751 + this.#made},"lsn":${this.#lsn},"xmin":null,"origin":null,` +
      `"origin_lsn":null},"transaction":null,"op":"${op}","ts_ms":${readMs},` +
      `"ts_us":${readMs}000,"ts_ns":${readMs}000000}`;
  }
}
