import { deepEqual, equal, notEqual, ok } from "assert";
import { MUTATIONS } from "./mutations.ts";
import { simulate } from "./simulate.ts";

/** SLUICE_SEED begins elsewhere, SLUICE_WORLDS sets how many worlds there are in all. */
const FIRST_SEED = Number(Deno.env.get("SLUICE_SEED") ?? 1);
const WORLDS = Number(Deno.env.get("SLUICE_WORLDS") ?? 3_000);
const WORLDS_PER_TEST = 250;
const MAX_WORLDS_TO_CATCH = 400;

for (let first = FIRST_SEED; first < FIRST_SEED + WORLDS; first += WORLDS_PER_TEST) {
  const last = Math.min(first + WORLDS_PER_TEST, FIRST_SEED + WORLDS) - 1;
  Deno.test(`whatever befalls a query, its sinks hold what a batch over all input gives: seeds ${first} to ${last}`, async () => {
    for (let seed = first; seed <= last; seed++) {
      const { failures, scenario } = await simulate({ seed });
      deepEqual(failures, [], `${scenario}; to see it: deno task simulate --seed ${seed}`);
    }
  });
}

Deno.test("a seed is one world: its trace is the same again, and another seed's is not", async () => {
  const hashes = new Set<string>();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + 40; seed++) {
    const { traceHash, lines } = await simulate({ seed, keepsLines: true });
    const again = await simulate({ seed, keepsLines: true });
    deepEqual(again.lines, lines);
    equal(again.traceHash, traceHash);
    hashes.add(traceHash);
  }
  equal(hashes.size, 40);
});

Deno.test("the worlds are rough: queries are killed, replaced while they run, and cut off", async () => {
  let kills = 0;
  let runs = 0;
  const stories: string[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + 60; seed++) {
    const result = await simulate({ seed });
    kills += result.kills;
    runs += result.runs;
    stories.push(...result.story);
  }
  ok(runs > 300 && kills > 60, `${runs} runs, ${kills} kills`);
  for (
    const sign of [
      "is away for",
      "gets no answer: commit",
      "has lost its lock",
      "stands still",
      "the power is cut",
      "FENCED",
      "ALREADY_RUNNING",
      "was planned and not finished",
      "noted as done",
      "loses the change of",
      "is asked to read versions again",
    ]
  ) {
    ok(stories.some((line) => line.includes(sign)), `no story has: ${sign}`);
  }
});

for (const mutation of MUTATIONS) {
  Deno.test(`a world in which a ${mutation} is found out`, async () => {
    for (let seed = 1; seed <= MAX_WORLDS_TO_CATCH; seed++) {
      const { failures } = await simulate({ seed, mutation });
      if (failures.length > 0) return;
    }
    notEqual(MAX_WORLDS_TO_CATCH, MAX_WORLDS_TO_CATCH, "it was not noticed");
  });
}
