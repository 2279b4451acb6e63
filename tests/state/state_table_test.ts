import { deepEqual, equal, ok, throws } from "assert";
import { DatabaseSync } from "node:sqlite";
import { type StateEntry, StateStore, type StateTable } from "../../lib/state/mod.ts";
import { Random } from "../support/random.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { TableModel } from "./table_model.ts";

const NAMES = ["groups", "values"];

Deno.test("a table of state does as a sorted map does, through commits, rollbacks and crashes", async () => {
  for (let seed = 1; seed <= 15; seed++) {
    const random = new Random(seed);
    const database = new DatabaseSync(":memory:");
    let store = await StateStore.open({ database: () => database });
    let tables = open(store);
    let models = NAMES.map(() => new TableModel());
    for (let batchId = 0; batchId < 12;) {
      const before = models.map((model) => new TableModel(model.entries()));
      store.begin(batchId);
      for (let step = random.integer(0, 150); step > 0; step--) {
        const i = random.integer(0, 1);
        act(random, tables[i]!, models[i]!, `seed ${seed}, batch ${batchId}, step ${step}`);
      }
      const end = random.next();
      if (end < 0.6) {
        await store.commit({ batchId });
        batchId++;
      } else {
        models = before;
        if (end < 0.8) store.rollback();
        else {
          // The process is gone; the next one finds a transaction that nobody committed.
          store = await StateStore.open({ database: () => database });
          tables = open(store);
        }
      }
      equal(store.batchId, batchId - 1);
      deepEqual(store.notes, batchId === 0 ? {} : { batchId: batchId - 1 });
      for (const [i, model] of models.entries()) {
        deepEqual([...tables[i]!.entries()], model.entries(), `seed ${seed}, batch ${batchId}`);
        equal(tables[i]!.numRows, model.numRows);
      }
    }
    database.close();
  }
});

Deno.test("iterators give what was there when they were made, whatever is written while they run", async () => {
  const ends = { cut: 0, left: 0, read: 0 };
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const database = new DatabaseSync(":memory:");
    const store = await StateStore.open({ database: () => database });
    const [table] = open(store) as [StateTable];
    const model = new TableModel();
    store.begin(0);
    // More than one page: one takes 64 entries, the others at most 256 KiB.
    for (let i = 0; i < 700; i++) {
      const write = randomWrite(random);
      table.put(...write);
      model.put(...write);
    }
    const scans: { scan: Iterator<StateEntry>; expected: StateEntry[]; read: number }[] = [];
    for (let step = 0; step < 300; step++) {
      if (scans.length < 3 && random.next() < 0.1) scans.push(randomScan(random, table, model));
      act(random, table, model, `seed ${seed}, step ${step}`);
      for (const each of [...scans]) {
        for (let reads = random.integer(0, 12); reads > 0; reads--) {
          const { done, value } = each.scan.next();
          const where = `seed ${seed}, step ${step}, entry ${each.read}`;
          deepEqual(done ? undefined : value, each.expected[each.read], where);
          each.read++;
          if (!done) continue;
          ends.read++;
          scans.splice(scans.indexOf(each), 1);
          break;
        }
        if (random.next() < 0.01 && scans.includes(each)) {
          ends.left++;
          each.scan.return!();
          equal(each.scan.next().done, true);
          scans.splice(scans.indexOf(each), 1);
        }
      }
    }
    deepEqual([...table.entries()], model.entries());
    equal(table.numRows, model.numRows);
    store.rollback();
    for (const { scan, expected, read } of scans) {
      // What it has read ahead it may give; what it has not is gone, and that is not an end.
      let next = read;
      try {
        for (; next < expected.length; next++) deepEqual(scan.next().value, expected[next]);
        equal(scan.next().done, true);
      } catch (error) {
        equal((error as { code?: string }).code, "STATE_ROLLED_BACK");
        ends.cut++;
      }
    }
    database.close();
  }
  ok(Math.min(ends.cut, ends.left, ends.read) > 5, JSON.stringify(ends));
});

Deno.test("a table far larger than a page is read through while every entry of it is written", async () => {
  await using folder = await tempFolder();
  using store = await StateStore.open({ path: `${folder.path}/state/state.db` });
  const [table] = open(store) as [StateTable];
  const numRows = 20_000;
  store.begin(0);
  for (let i = 0; i < numRows; i++) table.put(bytes(i), bytes(i), BigInt(i % 100));
  await store.commit({});

  store.begin(1);
  let read = 0;
  for (const { key, value } of table.entries()) {
    deepEqual(value, key);
    equal(new DataView(key.buffer).getUint32(0), read++);
    table.put(key, Uint8Array.of(1), 1000n);
    // And one that sorts behind it, and one before it, where the scan has been or will be.
    table.put(Uint8Array.of(...key, 1), key);
    table.put(Uint8Array.of(0, 0, 0, 0, ...key), key);
  }
  equal(read, numRows);
  equal(table.numRows, numRows * 3);
  equal([...table.upTo(1000n)].length, numRows);
  for (const { key } of table.upTo(1000n)) table.remove(key);
  equal(table.earliestMicros(), undefined);
  equal(table.numRows, numRows * 2);
  equal([...table.entries()].length, numRows * 2);
  await store.commit({});
});

Deno.test("times are whole to the last microsecond, and any 64 bits", async () => {
  const database = new DatabaseSync(":memory:");
  const store = await StateStore.open({ database: () => database });
  const [table] = open(store) as [StateTable];
  const times = [-(2n ** 63n), -1n, 0n, 253402300799999999n, 2n ** 63n - 1n];
  store.begin(0);
  for (const time of times) table.put(Uint8Array.of(times.indexOf(time)), Uint8Array.of(), time);
  table.put(Uint8Array.of(9), Uint8Array.of());
  deepEqual([...table.upTo(2n ** 70n)].map((entry) => entry.timeMicros), times);
  equal(table.earliestMicros(), times[0]);
  equal(table.removeUpTo(-(2n ** 70n)), 1, "times below 64 bits are cut to the least");
  equal(table.removeUpTo(253402300799999998n), 2);
  equal(table.earliestMicros(), 253402300799999999n);
  throws(() => table.put(Uint8Array.of(1), Uint8Array.of(), 2n ** 63n), { code: "BAD_VALUE" });
  database.close();
});

function open(store: StateStore): StateTable[] {
  const state = store.operator("0", "the model");
  return NAMES.map((name) => state.table(name));
}

function act(random: Random, table: StateTable, model: TableModel, where: string): void {
  const key = randomKey(random);
  switch (random.integer(0, 9)) {
    case 0:
    case 1:
    case 2: {
      const [, value, time] = randomWrite(random);
      table.put(key, value, time);
      model.put(key, value, time);
      break;
    }
    case 3:
    case 4: {
      const [, value, time] = randomWrite(random);
      equal(table.putIfAbsent(key, value, time), model.putIfAbsent(key, value, time), where);
      break;
    }
    case 5:
    case 6:
      equal(table.remove(key), model.remove(key), where);
      break;
    case 7: {
      const time = random.next() < 0.3 ? randomTime(random) ?? 0n : -40n;
      equal(table.removeUpTo(time), model.removeUpTo(time), where);
      break;
    }
    case 8: {
      const { scan, expected } = randomScan(random, table, model);
      deepEqual([...{ [Symbol.iterator]: () => scan }], expected, where);
      break;
    }
    case 9:
      deepEqual(table.earliestMicros(), model.earliestMicros(), where);
  }
  deepEqual(table.get(key), model.get(key), where);
  equal(table.numRows, model.numRows, where);
}

function randomScan(random: Random, table: StateTable, model: TableModel) {
  const prefix = randomKey(random).subarray(0, random.integer(0, 2));
  const time = randomTime(random) ?? 100n;
  const [found, expected] = random.pick([
    () => [table.withPrefix(prefix), model.withPrefix(prefix)] as const,
    () => [table.upTo(time), model.upTo(time)] as const,
    () => [table.entries(), model.entries()] as const,
  ])();
  return { scan: found[Symbol.iterator](), expected, read: 0 };
}

function randomWrite(random: Random): [key: Uint8Array, value: Uint8Array, time?: bigint] {
  const value = new Uint8Array(random.next() < 0.05 ? 20_000 : random.integer(0, 3));
  value.fill(random.integer(0, 255));
  const time = randomTime(random);
  return time === undefined ? [randomKey(random), value] : [randomKey(random), value, time];
}

/** Short, and of few bytes: many are prefixes of others. */
function randomKey(random: Random): Uint8Array {
  return Uint8Array.from(
    { length: random.integer(0, 5) },
    () => random.pick([0, 1, 127, 128, 255]),
  );
}

function randomTime(random: Random): bigint | undefined {
  return random.next() < 0.4 ? undefined : BigInt(random.integer(-50, 50));
}

function bytes(i: number): Uint8Array {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, i);
  return key;
}
