import { json } from "../../../lib/formats/json/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { count, first, last, max, sum, window } from "../../../lib/transforms/mod.ts";
import { Event, makeFeed } from "../events.ts";
import type { ScenarioKind } from "./scenario.ts";

const DELAY_MS = 10_000;
const WINDOW_MICROS = 12_000_000n;

interface Group {
  readonly window: { readonly start: bigint; readonly end: bigint };
  readonly key: string;
  n: bigint;
  total: bigint;
  most: bigint;
  readonly firstId: bigint;
  lastId: bigint;
}

/** Windows by key, tumbling or sliding, in all output modes, with late rows and a tap before. */
export const windows: ScenarioKind = (random) => {
  const outputMode = random.pick(["append", "append", "update", "complete"] as const);
  const partitions = random.integer(1, 3);
  const slideMicros = random.pick([WINDOW_MICROS, WINDOW_MICROS / 3n]);
  const feed = makeFeed(random, { records: random.integer(20, 80), partitions, keys: 4 });
  return {
    name: `windows in ${outputMode} mode${slideMicros < WINDOW_MICROS ? ", sliding" : ""}`,
    topics: [{
      name: "events",
      partitions,
      feed,
      watermarkDelayMs: DELAY_MS,
      passes: ({ amount }) => amount > -3n,
    }],
    outputMode,
    sinks: [
      { name: "before", outputMode: "append", takesDeadLetters: true },
      { name: "windows", outputMode, takesDeadLetters: false },
      { name: "late", outputMode: "append", takesDeadLetters: false },
    ],
    build: ([source], [before, windows, late]) =>
      pipeline("windows")
        .from(source!)
        .decode(json(Event))
        .where("amount > -3")
        .withWatermark("ts", `${DELAY_MS} ms`)
        .to(before!)
        .groupBy(window("ts", `${WINDOW_MICROS} us`, `${slideMicros} us`), "key")
        .agg({
          n: count(),
          total: sum("amount"),
          most: max("amount"),
          firstId: first("id"),
          lastId: last("id"),
        })
        .lateTo(late!)
        .to(windows!),
    expected(batches) {
      const before = batches.flatMap(({ events }) => events[0]!)
        .filter(({ amount }) => amount > -3n);
      const dropsLate = outputMode !== "complete";
      const late: Event[] = [];
      const groups = new Map<string, Group>();
      for (const batch of batches) {
        for (const event of batch.events[0]!) {
          if (event.amount <= -3n) continue;
          const all = windowsOf(event.ts, slideMicros);
          const open = dropsLate ? all.filter(({ end }) => end > batch.lateMicros) : all;
          if (open.length === 0) late.push(event);
          for (const each of open) addTo(groups, each, event);
        }
      }
      const closedMicros = batches.at(-1)!.watermarkMicros;
      const results = [...groups.values()];
      return {
        before,
        windows: outputMode === "append"
          ? results.filter((group) => group.window.end <= closedMicros)
          : results,
        late,
      };
    },
  };
};

function windowsOf(ts: bigint, slideMicros: bigint): { start: bigint; end: bigint }[] {
  const windows = [];
  const last = ts - ts % slideMicros;
  for (let start = last; start > ts - WINDOW_MICROS; start -= slideMicros) {
    windows.push({ start, end: start + WINDOW_MICROS });
  }
  return windows;
}

function addTo(
  groups: Map<string, Group>,
  window: Group["window"],
  { id, key, amount }: Event,
): void {
  const name = `${window.start} ${key}`;
  const group = groups.get(name);
  if (group === undefined) {
    groups.set(name, { window, key, n: 1n, total: amount, most: amount, firstId: id, lastId: id });
    return;
  }
  group.n++;
  group.total += amount;
  group.lastId = id;
  if (amount > group.most) group.most = amount;
}
