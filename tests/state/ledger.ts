import { Random } from "../support/random.ts";

/** What a process of the crash test does to the state in each batch; the test does the same to a model. */
export interface Ledger {
  put(key: Uint8Array, value: Uint8Array, timeMicros?: bigint): void;
  remove(key: Uint8Array): boolean;
  removeUpTo(timeMicros: bigint): number;
}

/** One batch: thousands of entries written, some removed, and those that are 3 batches old. */
export function* writeBatch(ledger: Ledger, batchId: number): Generator<number> {
  const random = new Random(batchId + 1);
  for (let step = 0; step < 3000; step++) {
    const key = Uint8Array.of(random.integer(0, 30), random.integer(0, 255));
    if (random.next() < 0.2) ledger.remove(key);
    else {
      const value = new Uint8Array(random.integer(0, 200)).fill(batchId);
      ledger.put(key, value, random.next() < 0.5 ? undefined : BigInt(batchId));
    }
    yield step;
  }
  ledger.removeUpTo(BigInt(batchId - 3));
}
