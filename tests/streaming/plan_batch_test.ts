import { deepEqual, equal, ok } from "assert";
import { countOffsets } from "../../lib/core/mod.ts";
import { planBatch } from "../../lib/streaming/mod.ts";
import { Random } from "../support/random.ts";

Deno.test("planBatch() takes everything when there is no limit, or less than it", () => {
  const start = { trades: { 0: 5n, 1: 0n } };
  const latest = { trades: { 0: 9n, 1: 3n } };
  deepEqual(planBatch(start, latest, undefined), latest);
  deepEqual(planBatch(start, latest, 7), latest);
});

Deno.test("planBatch() splits a limit in proportion to the backlog of each partition", () => {
  const start = { trades: { 0: 0n, 1: 100n }, orders: { 0: 0n } };
  const latest = { trades: { 0: 600n, 1: 400n }, orders: { 0: 100n } };
  deepEqual(planBatch(start, latest, 100), {
    trades: { 0: 60n, 1: 130n },
    orders: { 0: 10n },
  });
});

Deno.test("planBatch() leaves no partition behind: each gets an offset, however small its share", () => {
  const start = { trades: { 0: 0n, 1: 0n } };
  const latest = { trades: { 0: 1_000_000n, 1: 2n } };
  equal(planBatch(start, latest, 10).trades![1], 1n);
});

Deno.test("planBatch() uses the whole limit, whatever rounding leaves", () => {
  const start = { trades: { 0: 0n, 1: 0n, 2: 0n } };
  const latest = { trades: { 0: 100n, 1: 100n, 2: 101n } };
  equal(countOffsets(start, planBatch(start, latest, 200)), 200n);
});

Deno.test("planBatch() drains any backlog, within the limit and never past the end", () => {
  const random = new Random(7);
  for (let round = 0; round < 200; round++) {
    const partitions = random.integer(1, 12);
    const latest: Record<number, bigint> = {};
    let position: Record<number, bigint> = {};
    for (let partition = 0; partition < partitions; partition++) {
      position[partition] = BigInt(random.integer(0, 50));
      latest[partition] = position[partition]! + BigInt(random.integer(0, 5_000));
    }
    const limit = random.integer(1, 3_000);
    const backlog = countOffsets({ t: position }, { t: latest });
    const mostBatches = Number(backlog) + 1;
    let batches = 0;
    while (countOffsets({ t: position }, { t: latest }) > 0n) {
      const end = planBatch({ t: position }, { t: latest }, limit).t!;
      const taken = countOffsets({ t: position }, { t: end });
      ok(taken > 0n, "a batch takes something");
      ok(taken <= BigInt(limit + partitions), `${taken} offsets are more than ${limit} allows`);
      for (let partition = 0; partition < partitions; partition++) {
        ok(end[partition]! >= position[partition]! && end[partition]! <= latest[partition]!);
      }
      position = { ...end };
      ok(++batches <= mostBatches);
    }
    deepEqual(position, latest);
  }
});
