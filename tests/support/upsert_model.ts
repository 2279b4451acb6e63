import {
  Batch,
  Decimal,
  type Row,
  Schema,
  schema as s,
  type UpsertOptions,
} from "../../lib/core/mod.ts";
import type { Random } from "./random.ts";

/** Rows with keys of every kind: nullable, a struct, several columns. */
export const Upsert = s.struct({
  id: s.long(),
  region: s.string().nullable(),
  window: s.struct({ start: s.timestamp(), end: s.timestamp() }),
  amount: s.decimal(38, 9).nullable(),
  note: s.string().nullable(),
  position: s.long().nullable(),
  version: s.string(),
});

/** The columns of a table that marks rows whose keys are gone. */
export const MarkedUpsert = new Schema([
  ...Upsert.fields,
  { name: "deleted", type: "boolean", nullable: false, sourceName: "deleted" },
]);

/** A row of it. */
export type UpsertRow = Row<typeof Upsert>;

/** A row as the table is to have it. */
export type ModelRow = UpsertRow & {
  /** Only ever true with `onDelete: "mark"`. */
  readonly deleted: boolean;
};

/** What a batch changes; no key is in it twice. */
export interface Changes {
  readonly batch: Batch;
  readonly deletes: Batch;
}

type Options = Omit<UpsertOptions, "key"> & { readonly key: readonly KeyName[] };
type KeyName = "id" | "region" | "window";

const KEYS: readonly (readonly KeyName[])[] = [
  ["id"],
  ["region"],
  ["region", "id"],
  ["window"],
  ["window", "region"],
];
const ORDERS = [undefined, "position", "version"] as const;
/** In the order of their bytes, which no language has. */
const VERSIONS = ["", "A", "B", "Z", "a", "b", "é", "漢"];

/** Each seed another mixture of options. */
export function upsertOptions(seed: number): Options {
  const orderBy = ORDERS[seed % ORDERS.length];
  return {
    key: KEYS[seed % KEYS.length]!,
    ...(orderBy === undefined ? {} : { orderBy }),
    ...(seed % 4 < 2 ? {} : { onDelete: "mark" as const }),
  };
}

/** What a table by key has to hold after some batches. */
export class UpsertModel {
  readonly #options: Options;
  readonly #rows = new Map<string, ModelRow>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** The rows, in no order that means anything. */
  get rows(): ModelRow[] {
    return [...this.#rows.values()];
  }

  /** Makes up a batch, about half of it for keys that are there, and takes it in. */
  change(random: Random): Changes {
    const changes = { batch: new Batch(Upsert), deletes: new Batch(Upsert) };
    const keys = new Set<string>();
    for (let i = random.integer(0, 12); i > 0; i--) {
      const row = this.#randomRow(random);
      if (keys.has(this.#keyOf(row))) continue;
      keys.add(this.#keyOf(row));
      const isGone = random.next() < 0.3;
      (isGone ? changes.deletes : changes.batch).append(row);
      this.#take(row, isGone);
    }
    return changes as unknown as Changes;
  }

  #randomRow(random: Random): UpsertRow {
    const row = randomRow(random);
    if (this.#rows.size === 0 || random.next() < 0.5) return row;
    const { id, region, window } = random.pick(this.rows);
    return { ...row, id, region, window };
  }

  #take(row: UpsertRow, deleted: boolean): void {
    const { orderBy, onDelete } = this.#options;
    const key = this.#keyOf(row);
    const before = this.#rows.get(key);
    if (before !== undefined && orderBy !== undefined && isOlder(row, before, orderBy)) return;
    if (deleted && onDelete !== "mark") this.#rows.delete(key);
    else this.#rows.set(key, { ...row, deleted });
  }

  #keyOf(row: UpsertRow): string {
    const { id, region, window: { start, end } } = row;
    const values = { id: String(id), region, window: `${start}-${end}` };
    return JSON.stringify(this.#options.key.map((name) => values[name]));
  }
}

/** All values of a row with `|` between them, null as `∅`. */
export function rowText({ deleted = false, ...row }: UpsertRow & Partial<ModelRow>): string {
  const { id, region, window, amount, note, position, version } = row;
  return [id, region, window.start, window.end, amount, note, position, version, deleted]
    .map((value) => String(value ?? "∅")).join("|");
}

function isOlder(row: UpsertRow, before: UpsertRow, orderBy: string): boolean {
  const [own, other] = [row, before].map((one) => one[orderBy as "position" | "version"]);
  if (other === null || other === undefined) return false;
  if (own === null || own === undefined) return true;
  return typeof own === "string"
    ? VERSIONS.indexOf(own) < VERSIONS.indexOf(String(other))
    : own < BigInt(other);
}

function randomRow(random: Random): UpsertRow {
  const orNull = <T>(value: T) => random.next() < 0.15 ? null : value;
  const start = BigInt(random.integer(0, 5)) * 60_000_000n;
  return {
    id: BigInt(random.integer(0, 15)),
    region: random.next() < 0.3 ? null : random.pick(["", "eu", "us", "null", "öst", "a|b"]),
    window: { start, end: start + 60_000_000n },
    amount: orNull(new Decimal(BigInt(random.integer(-5, 5)) * 10n ** 30n + 7n, 9)),
    note: orNull(random.pick(["x", "y", ""])),
    position: orNull(9_007_199_254_740_990n + BigInt(random.integer(0, 9))),
    version: random.pick(VERSIONS),
  };
}
