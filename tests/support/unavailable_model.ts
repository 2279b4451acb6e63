import { Batch, Decimal, type Row, schema as s, type UpsertOptions } from "../../lib/core/mod.ts";
import type { Random } from "./random.ts";

/** Rows of which some values may not have come. */
export const Document = s.struct({
  id: s.long(),
  title: s.string().nullable(),
  body: s.binary().nullable(),
  amount: s.decimal(20, 4).nullable(),
  tags: s.array(s.string()).nullable(),
  position: s.long().nullable(),
  __unavailable: s.array(s.string()),
});

/** A row as it comes, or as a table has it. */
export type DocumentRow = Row<typeof Document>;

const COLUMNS = ["title", "body", "amount", "tags"] as const;

/** What a batch changes; no key is in it twice. */
export interface DocumentChanges {
  readonly batch: Batch;
  readonly deletes: Batch;
}

type StoredRow = Omit<DocumentRow, "__unavailable"> & { readonly deleted?: boolean };

/** Each seed another mixture of options. */
export function documentOptions(seed: number): UpsertOptions {
  return {
    key: ["id"],
    ...(seed % 2 === 0 ? {} : { orderBy: "position" }),
    ...(seed % 4 < 2 ? {} : { onDelete: "mark" as const }),
  };
}

/** What a table of documents has to hold after some batches. */
export class DocumentModel {
  readonly #options: UpsertOptions;
  readonly #rows = new Map<bigint, StoredRow>();

  constructor(options: UpsertOptions) {
    this.#options = options;
  }

  /** The rows as text, sorted. */
  get texts(): string[] {
    return [...this.#rows.values()].map(documentText).sort();
  }

  /** Makes up a batch and takes it in. */
  change(random: Random): DocumentChanges {
    const batch = new Batch(Document);
    const deletes = new Batch(Document);
    for (let id = 0n; id < 12n; id++) {
      if (random.next() < 0.5) continue;
      const isGone = random.next() < 0.25;
      const row = randomDocument(random, id, isGone);
      (isGone ? deletes : batch).append(row);
      this.#take(row, isGone);
    }
    return { batch, deletes } as unknown as DocumentChanges;
  }

  #take({ __unavailable, ...row }: DocumentRow, deleted: boolean): void {
    const before = this.#rows.get(row.id);
    const isOlder = before !== undefined && this.#options.orderBy !== undefined &&
      before.position !== null && (row.position === null || row.position < before.position);
    if (isOlder) return;
    if (deleted && this.#options.onDelete !== "mark") {
      this.#rows.delete(row.id);
      return;
    }
    const kept = before === undefined ? [] : COLUMNS.filter((name) => __unavailable.includes(name))
      .map((name) => [name, before[name]] as const);
    this.#rows.set(row.id, { ...row, ...Object.fromEntries(kept), deleted });
  }
}

/** All values of a row with `|` between them, null as `∅`, bytes in hexadecimal. */
export function documentText(
  { id, title, body, amount, tags, position, deleted = false }: StoredRow,
): string {
  const texts = [id, title, body?.toHex(), amount, tags && JSON.stringify(tags), position, deleted];
  return texts.map((value) => String(value ?? "∅")).join("|");
}

function randomDocument(random: Random, id: bigint, isGone: boolean): DocumentRow {
  const listed = isGone ? [...COLUMNS] : COLUMNS.filter(() => random.next() < 0.3);
  // In no order, and with one that the rows do not have.
  if (random.next() < 0.5) listed.reverse();
  const __unavailable = random.next() < 0.2 ? [...listed, "dropped"] : listed;
  const value = <T>(name: typeof COLUMNS[number], make: () => T): T | null =>
    __unavailable.includes(name) || random.next() < 0.2 ? null : make();
  return {
    id,
    title: value("title", () => random.pick(["b c", "a", "ä", "null"])),
    body: value("body", () => Uint8Array.of(0, random.integer(0, 255))),
    amount: value("amount", () => new Decimal(BigInt(random.integer(0, 9)) * 10n ** 15n + 1n, 4)),
    tags: value("tags", () => random.pick([[], ["x"], ["x", ""]])),
    position: random.next() < 0.1 ? null : 2n ** 60n + BigInt(random.integer(0, 9)),
    __unavailable,
  };
}
