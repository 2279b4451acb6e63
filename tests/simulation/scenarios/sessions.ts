import { json } from "../../../lib/formats/json/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { count, sessionWindow, sum } from "../../../lib/transforms/mod.ts";
import { Event, makeFeed } from "../events.ts";
import type { ScenarioKind } from "./scenario.ts";

const DELAY_MS = 7_000;
const GAP_MICROS = 3_000_000n;

interface Session {
  readonly key: string;
  start: bigint;
  end: bigint;
  n: bigint;
  total: bigint;
}

/** Sessions by key in all output modes: rows make sessions longer, and two of them one. */
export const sessions: ScenarioKind = (random) => {
  const outputMode = random.pick(["append", "update", "complete"] as const);
  const partitions = random.integer(1, 3);
  const feed = makeFeed(random, { records: random.integer(20, 80), partitions, keys: 3 });
  return {
    name: `sessions in ${outputMode} mode`,
    topics: [{ name: "events", partitions, feed, watermarkDelayMs: DELAY_MS }],
    outputMode,
    sinks: [
      { name: "sessions", outputMode, takesDeadLetters: true },
      { name: "late", outputMode: "append", takesDeadLetters: false },
    ],
    build: ([source], [sessions, late]) =>
      pipeline("sessions")
        .from(source!)
        .decode(json(Event))
        .withWatermark("ts", `${DELAY_MS} ms`)
        .groupBy("key", sessionWindow("ts", `${GAP_MICROS} us`))
        .agg({ n: count(), total: sum("amount") })
        .lateTo(late!)
        .to(sessions!),
    expected(batches) {
      const late: Event[] = [];
      const closed: Session[] = [];
      let open: Session[] = [];
      for (const { events, lateMicros, watermarkMicros } of batches) {
        for (const event of events[0]!) {
          // As in Spark, rows come too late for sessions in complete mode too, where none is closed.
          if (event.ts + GAP_MICROS <= lateMicros) late.push(event);
          else open = withEvent(open, event);
        }
        if (outputMode === "complete") continue;
        closed.push(...open.filter(({ end }) => end <= watermarkMicros));
        open = open.filter(({ end }) => end > watermarkMicros);
      }
      return {
        late,
        sessions: (outputMode === "append" ? closed : [...closed, ...open]).map((
          { key, start, end, n, total },
        ) => ({
          key,
          session_window: { start, end },
          n,
          total,
        })),
      };
    },
  };
};

/** The sessions with one more event: those of its key that it touches are one from then on. */
function withEvent(open: readonly Session[], { key, ts, amount }: Event): Session[] {
  const merged: Session = { key, start: ts, end: ts + GAP_MICROS, n: 1n, total: amount };
  const others: Session[] = [];
  for (const session of open) {
    const touches = session.key === key && session.start <= merged.end &&
      merged.start <= session.end;
    if (!touches) {
      others.push(session);
      continue;
    }
    merged.start = session.start < merged.start ? session.start : merged.start;
    merged.end = session.end > merged.end ? session.end : merged.end;
    merged.n += session.n;
    merged.total += session.total;
  }
  return [...others, merged];
}
