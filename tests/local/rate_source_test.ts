import { deepEqual, equal, rejects, throws } from "assert";
import type { Offsets } from "../../lib/core/mod.ts";
import { rateSource } from "../../lib/local/mod.ts";
import { readRows } from "../support/read_rows.ts";
import { tempFolder } from "../support/temp_folder.ts";

const START_MS = 1_700_000_000_000;
const { signal } = new AbortController();

Deno.test("rateSource() counts from the moment its query first began, in every process", async () => {
  await using folder = await tempFolder();
  const own = `${folder.path}/own`;
  const first = rateSource({ rowsPerSecond: 3, clock: clockAt(START_MS) });
  await first.open?.(own);
  deepEqual(await first.initialOffsets(signal), at(0n));
  deepEqual(await first.latestOffsets(signal), at(0n));

  const later = rateSource({ rowsPerSecond: 3, clock: clockAt(START_MS + 2_700) });
  await later.open?.(own);
  deepEqual(await later.latestOffsets(signal), at(8n));
  const expected = Array.from({ length: 8 }, (_, i) => ({
    timestamp: BigInt(START_MS) * 1000n + BigInt(Math.floor(i * 1e6 / 3)),
    value: BigInt(i),
  }));
  deepEqual(await readRows(later, at(0n), at(8n)), expected);
  // The same values, whoever reads them and when.
  deepEqual(await readRows(first, at(5n), at(7n)), expected.slice(5, 7));
});

Deno.test("rateSource() has the values of a whole day at hand, and their offsets are exact", async () => {
  const rowsPerSecond = 1_000_000;
  const clock = clockAt(START_MS);
  const source = rateSource({ rowsPerSecond, clock });
  await source.latestOffsets(signal);
  clock.ms += 86_400_000;
  const end = 86_400n * BigInt(rowsPerSecond);
  deepEqual(await source.latestOffsets(signal), at(end));
  const range = source.read(at(end - 20_000n), at(end), { signal });
  let next = end - 20_000n;
  for await (const block of range) {
    equal(block.baseOffset, next);
    equal(block.rows!.row(block.count - 1).value, next + BigInt(block.count) - 1n);
    next += BigInt(block.count);
    deepEqual(range.endOffsets(), at(next));
  }
  equal(next, end);
});

Deno.test("rateSource() ends a read at maxBytes, and where its signal says", async () => {
  const source = rateSource({ rowsPerSecond: 1_000, clock: clockAt(START_MS) });
  const short = source.read(at(0n), at(50_000n), { signal, maxBytes: 1 });
  await Array.fromAsync(short);
  deepEqual(short.endOffsets(), at(8_192n));
  const stop = new AbortController();
  stop.abort(new Error("stopped"));
  const read = source.read(at(0n), at(10n), { signal: stop.signal });
  await rejects(Array.fromAsync(read), /stopped/);
});

Deno.test("rateSource() gives out nothing while the clock is before its beginning", async () => {
  await using folder = await tempFolder();
  await rateSource({ clock: clockAt(START_MS) }).open?.(`${folder.path}/own`);
  const early = rateSource({ clock: clockAt(START_MS - 5_000) });
  await early.open?.(`${folder.path}/own`);
  deepEqual(await early.latestOffsets(signal), at(0n));
});

Deno.test("rateSource() refuses what it cannot do, and a start that it cannot read", async () => {
  throws(() => rateSource({ rowsPerSecond: 0 }), { code: "BAD_OPTION" });
  throws(() => rateSource({ rowsPerSecond: 1.5 }), { code: "BAD_OPTION" });
  const misspelt = { rowsPerSecond: 1, rampUp: 1 };
  throws(() => rateSource(misspelt), { code: "UNKNOWN_OPTION" });
  await using folder = await tempFolder();
  await folder.write("own/start", "soon\n");
  await rejects(rateSource().open!(`${folder.path}/own`), { code: "BAD_CHECKPOINT" });
});

function at(offset: bigint): Offsets {
  return { rate: { 0: offset } };
}

function clockAt(ms: number) {
  return {
    ms,
    nowMs() {
      return this.ms;
    },
    sleep: () => Promise.resolve(),
  };
}
