import { Batch, Decimal, type OutputMode, schema as s } from "../../../lib/core/mod.ts";
import {
  type AggregateSpec,
  avg,
  collectList,
  collectSet,
  count,
  countDistinct,
  first,
  last,
  max,
  min,
  sessionWindow,
  sum,
  window,
} from "../../../lib/transforms/mod.ts";
import { randomBigInt } from "../../core/random_values.ts";
import type { Random } from "../../support/random.ts";
import type { InputWatermark } from "../run_operator.ts";
import type { Key, Values } from "./aggregate_oracle.ts";

/** Columns of many types; `at` is the event time. */
export const Event = s.struct({
  at: s.timestamp().nullable(),
  wall: s.timestampNtz(),
  text: s.string().nullable(),
  flag: s.boolean(),
  tiny: s.byte(),
  medium: s.integer().nullable(),
  steady: s.long(),
  extreme: s.long().nullable(),
  price: s.decimal(18, 4).nullable(),
  huge: s.decimal(28, 3),
  single: s.float(),
  double: s.double().nullable(),
  bytes: s.binary().nullable(),
  place: s.struct({ x: s.double().nullable(), n: s.integer() }).nullable(),
  tags: s.array(s.string().nullable()),
});

const NUMBERS = ["tiny", "medium", "steady", "price", "huge", "single", "double"];
const ANY = [...NUMBERS, "at", "text", "flag", "extreme", "bytes", "place", "tags"];

/** An event at about `nowMicros`, maybe out of order, or without a time. */
export function randomEvent(random: Random, nowMicros: number): Values {
  const maybe = <T>(value: T): T | null => random.next() < 0.15 ? null : value;
  const double = () =>
    random.pick([0, -0, NaN, Infinity, -Infinity, 5e-324, -1e300, 1e300, 0.1, -0.3, 1e16, 1]) *
    random.pick([1, 1, -1, 0.7]);
  // Mostly finite, so that sums are too.
  const tame = () => random.pick([0.1, -0.2, 1e16, -1e16, 3, random.next() * 1e9, 2e-310]);
  const decimal = (digits: number, scale: number) =>
    new Decimal(
      randomBigInt(random, 1n - 10n ** BigInt(digits), 10n ** BigInt(digits) - 1n),
      scale,
    );
  // Often a whole millisecond, as watermarks are, and as the edges of windows.
  const micros = Math.floor(nowMicros) + random.integer(-60_000, 20_000);
  const at = random.next() < 0.6 ? Math.floor(micros / 1000) * 1000 : micros;
  return {
    at: maybe(BigInt(at)),
    wall: BigInt(random.integer(-100_000, 100_000)),
    text: maybe(random.pick(["", "a", "é", "😀", "\ufffd", "ab"])),
    flag: random.next() < 0.5,
    tiny: random.pick([-128, 127, random.integer(-128, 127)]),
    medium: maybe(random.pick([-2147483648, 2147483647, random.integer(-9, 9)])),
    steady: BigInt(random.integer(-(2 ** 50), 2 ** 50)),
    extreme: maybe(randomBigInt(random, -(2n ** 63n), 2n ** 63n - 1n)),
    price: maybe(decimal(18, 4)),
    huge: decimal(28, 3),
    single: Math.fround(random.pick([0, -0, 0.1, 1e38, -1e38, random.next()])),
    double: maybe(random.next() < 0.2 ? double() : tame()),
    bytes: maybe(Uint8Array.from({ length: random.integer(0, 2) }, () => random.integer(0, 255))),
    place: maybe({ x: maybe(random.pick([0, -0, NaN, 1])), n: random.integer(0, 1) }),
    tags: Array.from({ length: random.integer(0, 2) }, () => maybe(random.pick(["x", "y"]))),
  };
}

/** What is aggregated how. */
export interface RandomAggregation {
  readonly keys: readonly Key[];
  readonly aggregates: Readonly<Record<string, AggregateSpec>>;
  readonly mode: OutputMode;
  readonly watermark: InputWatermark | undefined;
}

/** Some keys, aggregates and a mode that go together. */
export function randomAggregation(random: Random): RandomAggregation {
  const watermark = random.next() < 0.75
    ? { column: "at", delayMicros: BigInt(random.integer(0, 40)) * 1000n }
    : undefined;
  const plain = random.pick([[], ["text"], ["flag"], ["text", "double"], ["place"], ["tags"]]);
  const windows = random.pick<Key[]>([
    [],
    ["at"],
    ["wall"],
    [randomWindow(random)],
    [randomWindow(random)],
    [sessionWindow("at", `${random.integer(1, 30)} ms`).as("visit")],
    [sessionWindow("at", `${random.integer(1, 3000)} us`)],
  ]);
  const keys = random.next() < 0.5 ? [...plain, ...windows] : [...windows, ...plain];
  const canClose = watermark !== undefined &&
    keys.some((key) => (typeof key === "string" ? key : key.column) === "at");
  const mode = random.pick<OutputMode>([
    ...canClose ? ["append", "append"] as const : [],
    "update",
    "complete",
  ]);
  return { keys, aggregates: randomAggregates(random), mode, watermark };
}

function randomWindow(random: Random): Key {
  const duration = random.integer(1, 40);
  const slide = random.pick([duration, duration, random.integer(1, duration)]);
  const start = random.integer(1 - slide, slide - 1);
  const column = random.pick(["at", "at", "at", "wall"]);
  return window(column, `${duration} ms`, `${slide} ms`, `${start} ms`);
}

function randomAggregates(random: Random): Record<string, AggregateSpec> {
  const one = (): AggregateSpec => {
    const any = random.pick(ANY);
    const orderBy = random.pick(["at", "double", "text", "place"]);
    return random.pick<() => AggregateSpec>([
      () => count(),
      () => count(any),
      () => sum(random.pick(NUMBERS)),
      () => avg(random.pick([...NUMBERS, "extreme"])),
      () => min(any),
      () => max(any),
      () => first(any),
      () => last(any),
      () => first(any, orderBy),
      () => last(any, orderBy),
      () => countDistinct(any),
      () => countDistinct(any, "flag"),
      () => collectList(any),
      () => collectSet(any),
    ])();
  };
  return Object.fromEntries(
    Array.from({ length: random.integer(1, 4) }, (_, i) => [`value_${i}`, one()]),
  );
}

/** Rows as one batch. */
export function eventBatch(rows: readonly Values[]): Batch {
  const batch = new Batch(Event);
  for (const row of rows) batch.append(row as never);
  return batch as unknown as Batch;
}
