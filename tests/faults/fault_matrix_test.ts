import { deepEqual, equal, ok } from "assert";
import { fileURLToPath } from "node:url";
import { SluiceError } from "../../lib/core/mod.ts";
import { checkout } from "../support/paths.ts";
import { Random } from "../support/random.ts";
import { rowText } from "../support/sink_rows.ts";
import { poisonOf } from "./feed.ts";
import type { Doom } from "./fault_child.ts";
import { type Kind, KINDS } from "./kinds/mod.ts";
import { readSinks } from "./real_sinks.ts";
import { hearSteps, runKind } from "./run_kind.ts";
import { type Step, stepsOf } from "./steps.ts";
import { type OwnWorld, ownWorld } from "./world.ts";

/** SLUICE_SEED makes other records, and other orders of the steps. */
const SEED = Number(Deno.env.get("SLUICE_SEED") ?? 20260101);
/** Batches enough for every step at its first or second time, run after run. */
const RECORDS = 700;
const CHILD_TIMEOUT_MS = 60_000;
const child = fileURLToPath(new URL("./fault_child.ts", import.meta.url));

Deno.test("killed at every step of engine, sinks and checkpoint, each sink holds what a batch over all input gives", async () => {
  await using world = await ownWorld(SEED, RECORDS);
  const random = new Random(SEED);
  const queues = new Map(KINDS.map((kind) => [kind, inSomeOrder(stepsOf(kind), random)]));
  while (queues.values().some((steps) => steps.length > 0)) {
    const stops = [...queues].flatMap(([{ name }, steps]) => {
      const step = steps.shift();
      return step === undefined ? [] : [[name, { step: step.name, hit: hitOf(step, random) }]];
    });
    await killAt(world, Object.fromEntries(stops));
  }
  await runToTheEnd(world);
  await compare(world);
});

Deno.test("an error at any step ends the query with that error, and the next start goes on", async () => {
  await using world = await ownWorld(SEED + 10, RECORDS);
  using _steps = hearSteps();
  await sideBySide(async (kind) => {
    const random = new Random(SEED);
    for (const step of inSomeOrder(stepsOf(kind), random)) {
      const fault = faultAt(step, false);
      let hitsLeft = hitOf(step, random);
      const error = await errorOf(() =>
        runKind(world, kind, (name) => {
          if (name === step.name && --hitsLeft === 0) throw fault.error;
        })
      );
      ok(hitsLeft <= 0, `${kind.name} did not come by ${step.name}: ${error}`);
      const wanted = step.reaction === "goes on" ? undefined : fault.error;
      equal(error, wanted, `${kind.name} at ${step.name}`);
    }
  });
  await runToTheEnd(world);
  await compare(world);
});

Deno.test("an error that may pass is passed over where the query tries again, before or after the step took effect", async () => {
  await using world = await ownWorld(SEED + 20, RECORDS);
  using _steps = hearSteps();
  await sideBySide(async (kind) => {
    let faults = inSomeOrder(stepsOf(kind), new Random(SEED))
      .map((step) => faultAt(step, true));
    while (faults.length > 0) {
      const before = faults.length;
      let last: Fault | undefined;
      const error = await errorOf(() =>
        runKind(world, kind, (name) => {
          // One that ends the query may have come while the batch before is still in hand.
          if (last?.step.reaction === "ends") return;
          // Those of batches one after the other, so that they come in different ones.
          const next = faults.find(({ step }) => step.when === "batch");
          const fault = faults.find((each) =>
            each.step.name === name && (each === next || each.step.when !== "batch")
          );
          if (fault === undefined) return;
          faults = faults.filter((each) => each !== fault);
          last = fault;
          throw fault.error;
        })
      );
      ok(faults.length < before, `${kind.name} never came by ${faults[0]?.step.name}: ${error}`);
      const wanted = last?.step.reaction === "ends" ? last.error : undefined;
      equal(error, wanted, `${kind.name} at ${last?.step.name}`);
    }
  });
  await runToTheEnd(world);
  await compare(world);
});

/** An error at a step. */
interface Fault {
  readonly step: Step;
  readonly error: SluiceError;
}

function faultAt(step: Step, retryable: boolean): Fault {
  return { step, error: new SluiceError("FAULT", { attempted: step.name, retryable }) };
}

/**
 * The steps before the first batch first, as there are none of them later; and last those at which an
 * error does not end a run, so that it comes to the end. The others in any order.
 */
function inSomeOrder(steps: readonly Step[], random: Random): Step[] {
  const place = ({ when, reaction }: Step) =>
    when === "first" ? -1 : reaction === "goes on" ? 1 : random.next();
  const placed = steps.map((step) => ({ step, place: place(step) }));
  return placed.sort((a, b) => a.place - b.place).map(({ step }) => step);
}

function hitOf({ when }: Step, random: Random): number {
  return when === "batch" ? random.integer(1, 2) : 1;
}

async function killAt({ brokers, databaseUrl, folder, prefix }: OwnWorld, stops: Doom["stops"]) {
  const doom: Doom = { place: { brokers, databaseUrl, folder, prefix }, stops };
  const { signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", child, JSON.stringify(doom)],
    cwd: checkout,
    signal: AbortSignal.timeout(CHILD_TIMEOUT_MS),
  }).output();
  equal(signal, "SIGKILL", new TextDecoder().decode(stderr));
  deepEqual(JSON.parse(new TextDecoder().decode(stdout)), [], "steps that were not reached");
}

async function runToTheEnd(world: OwnWorld): Promise<void> {
  await sideBySide((kind) => runKind(world, kind));
}

/** Does something with every kind at the same time, and ends when all of it has. */
async function sideBySide(work: (kind: Kind) => Promise<unknown>): Promise<void> {
  for (const result of await Promise.allSettled(KINDS.map(work))) {
    if (result.status === "rejected") throw result.reason;
  }
}

async function errorOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Every sink holds what the oracle says, and every dead letter is there once. */
async function compare(world: OwnWorld): Promise<void> {
  const found = await readSinks(world, KINDS);
  for (const kind of KINDS) {
    const feeds = world.feeds.slice(0, kind.numFeeds ?? 1);
    const { rows, deadLetters } = found.get(kind)!;
    const letters = kind.deadLetters?.(feeds) ?? feeds.flatMap(poisonOf);
    for (const [place, values] of Object.entries(deadLetters)) {
      deepEqual(values, letters.toSorted(), `dead letters of ${kind.name} in ${place}`);
    }
    const expected = kind.expected(feeds);
    deepEqual(Object.keys(rows), Object.keys(expected), kind.name);
    for (const [place, texts] of Object.entries(rows)) {
      ok(texts.length > 0, `${kind.name} in ${place}`);
      deepEqual(texts, expected[place]!.map(rowText).sort(), `${kind.name} in ${place}`);
    }
  }
}
