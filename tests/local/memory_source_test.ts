import { deepEqual, equal, notEqual, rejects, throws } from "assert";
import { Decimal, schema as s } from "../../lib/core/mod.ts";
import { memorySource } from "../../lib/local/mod.ts";
import { readRows } from "../support/read_rows.ts";

const Trade = s.struct({ id: s.long(), price: s.decimal(18, 2) });
const trade = (id: number) => ({ id: BigInt(id), price: new Decimal(BigInt(id), 2) });
const { signal } = new AbortController();

Deno.test("memorySource() hands over the rows that were added, and those that are added later", async () => {
  const trades = memorySource(Trade);
  deepEqual(await trades.latestOffsets(), { memory: { 0: 0n } });
  trades.add(trade(1), trade(2));
  const first = await trades.latestOffsets();
  const range = trades.read({}, first, { signal });
  const blocks = range[Symbol.asyncIterator]();
  trades.add(trade(3));
  const { value: block } = await blocks.next();
  deepEqual([...block!.rows!.rows()], [trade(1), trade(2)]);
  equal((await blocks.next()).done, true);
  deepEqual(range.endOffsets(), first);
  deepEqual(await readRows(trades, first, await trades.latestOffsets()), [trade(3)]);
  // They are there still for whoever reads them again.
  deepEqual(await readRows(trades, {}, first), [trade(1), trade(2)]);
});

Deno.test("memorySource() keeps rows in its partitions in turn", async () => {
  const trades = memorySource(Trade, { partitions: 3 });
  trades.add(...[0, 1, 2, 3].map(trade));
  const latest = await trades.latestOffsets();
  deepEqual(latest, { memory: { 0: 2n, 1: 1n, 2: 1n } });
  deepEqual(await readRows(trades, { memory: { 0: 1n, 1: 0n, 2: 1n } }, latest), [
    trade(3),
    trade(1),
  ]);
});

Deno.test("memorySource() refuses rows that do not fit, and keeps those before them", async () => {
  const trades = memorySource(Trade);
  const strange = { id: 2, price: new Decimal(1n, 0) } as unknown as ReturnType<typeof trade>;
  throws(() => trades.add(trade(1), strange), { code: "BAD_VALUE", message: /column "id"/ });
  deepEqual(await readRows(trades, {}, await trades.latestOffsets()), [trade(1)]);
});

Deno.test("memorySource() has an identity of its own, and says when planned rows are not there", async () => {
  const [one, other] = [memorySource(Trade), memorySource(Trade)];
  deepEqual(await one.identities(), await one.identities());
  notEqual((await one.identities()).memory, (await other.identities()).memory);
  await rejects(readRows(one, {}, { memory: { 0: 1n } }), { code: "DATA_LOSS" });
  await rejects(readRows(one, {}, { memory: { 7: 1n } }), { code: "DATA_LOSS" });
  throws(() => memorySource(Trade, { partitions: 0 }), { code: "BAD_OPTION" });
});
