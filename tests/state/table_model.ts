import type { StateEntry } from "../../lib/state/mod.ts";

/** What a table of state should hold: the same operations over a sorted copy of everything. */
export class TableModel {
  readonly #entries: Map<string, StateEntry>;

  constructor(entries: Iterable<StateEntry> = []) {
    this.#entries = new Map(Array.from(entries, (entry) => [hex(entry.key), entry]));
  }

  get numRows(): number {
    return this.#entries.size;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#entries.get(hex(key))?.value;
  }

  put(key: Uint8Array, value: Uint8Array, timeMicros?: bigint): void {
    this.#entries.set(hex(key), { key, value, timeMicros });
  }

  putIfAbsent(key: Uint8Array, value: Uint8Array, timeMicros?: bigint): boolean {
    if (this.#entries.has(hex(key))) return false;
    this.put(key, value, timeMicros);
    return true;
  }

  remove(key: Uint8Array): boolean {
    return this.#entries.delete(hex(key));
  }

  withPrefix(prefix: Uint8Array): StateEntry[] {
    return this.entries().filter(({ key }) => hex(key).startsWith(hex(prefix)));
  }

  upTo(timeMicros: bigint): StateEntry[] {
    return this.entries()
      .filter((entry) => entry.timeMicros !== undefined && entry.timeMicros <= timeMicros)
      .sort((a, b) => Number(a.timeMicros! - b.timeMicros!) || compareKeys(a, b));
  }

  removeUpTo(timeMicros: bigint): number {
    const due = this.upTo(timeMicros);
    for (const { key } of due) this.remove(key);
    return due.length;
  }

  earliestMicros(): bigint | undefined {
    return this.upTo(2n ** 62n)[0]?.timeMicros;
  }

  entries(): StateEntry[] {
    return [...this.#entries.values()].sort(compareKeys);
  }
}

/** Two digits a byte: sorted as the bytes are. */
function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}

function compareKeys(a: StateEntry, b: StateEntry): number {
  return hex(a.key) < hex(b.key) ? -1 : 1;
}
