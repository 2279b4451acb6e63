import { json } from "../../../lib/formats/json/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { Event, makeFeed } from "../events.ts";
import type { ScenarioKind } from "./scenario.ts";

const LEFT_DELAY_MS = 5_000;
const RIGHT_DELAY_MS = 9_000;
const FROM_MICROS = -4_000_000n;
const TO_MICROS = 6_000_000n;

/** Two topics joined by key and time, inner or outer, each pair once. */
export const join: ScenarioKind = (random) => {
  const type = random.pick(["inner", "leftOuter", "fullOuter"] as const);
  const partitions = random.integer(1, 2);
  const records = random.integer(15, 45);
  const feeds = [1n, 1_000n].map((firstId) =>
    makeFeed(random, { records, partitions, keys: 4, firstId })
  );
  return {
    name: `${type} join`,
    topics: [
      { name: "left", partitions, feed: feeds[0]!, watermarkDelayMs: LEFT_DELAY_MS },
      { name: "right", partitions, feed: feeds[1]!, watermarkDelayMs: RIGHT_DELAY_MS },
    ],
    outputMode: "append",
    sinks: [
      { name: "joined", outputMode: "append", takesDeadLetters: true },
      { name: "lateLeft", outputMode: "append", takesDeadLetters: false },
      { name: "lateRight", outputMode: "append", takesDeadLetters: false },
    ],
    build: ([left, right], [joined, lateLeft, lateRight]) => {
      const rights = pipeline("join").from(right!).decode(json(Event))
        .withWatermark("ts", `${RIGHT_DELAY_MS} ms`)
        .withColumnRenamed("id", "rightId")
        .withColumnRenamed("ts", "rightTs")
        .withColumnRenamed("amount", "rightAmount");
      return pipeline("join").from(left!).decode(json(Event))
        .withWatermark("ts", `${LEFT_DELAY_MS} ms`)
        .join(rights, {
          type,
          on: ["key"],
          within: {
            left: "ts",
            right: "rightTs",
            from: `${FROM_MICROS} us`,
            to: `${TO_MICROS} us`,
          },
        })
        .lateTo({ left: [lateLeft!], right: [lateRight!] })
        .to(joined!);
    },
    expected(batches) {
      const late: [Event[], Event[]] = [[], []];
      const inTime: [Event[], Event[]] = [[], []];
      for (const { events, lateMicros } of batches) {
        for (const side of [0, 1] as const) {
          for (const event of events[side]!) {
            (event.ts <= lateMicros ? late : inTime)[side].push(event);
          }
        }
      }
      const overMicros = batches.at(-1)!.watermarkMicros;
      const joined: object[] = [];
      const matchedRights = new Set<Event>();
      for (const left of inTime[0]) {
        const matches = inTime[1].filter((right) =>
          right.key === left.key && right.ts >= left.ts + FROM_MICROS &&
          right.ts <= left.ts + TO_MICROS
        );
        for (const right of matches) {
          matchedRights.add(right);
          joined.push(joinedRow(left, right));
        }
        // No right row in time can match any more.
        const isOver = left.ts + TO_MICROS <= overMicros;
        if (type !== "inner" && matches.length === 0 && isOver) {
          joined.push(joinedRow(left, undefined));
        }
      }
      if (type === "fullOuter") {
        for (const right of inTime[1]) {
          const isOver = right.ts - FROM_MICROS <= overMicros;
          if (!matchedRights.has(right) && isOver) joined.push(joinedRow(undefined, right));
        }
      }
      return { joined, lateLeft: late[0], lateRight: late[1].map(renamed) };
    },
  };
};

function renamed({ id, key, ts, amount }: Event): object {
  return { rightId: id, key, rightTs: ts, rightAmount: amount };
}

function joinedRow(left: Event | undefined, right: Event | undefined): object {
  return {
    id: left?.id ?? null,
    key: left?.key ?? right?.key ?? null,
    ts: left?.ts ?? null,
    amount: left?.amount ?? null,
    rightId: right?.id ?? null,
    rightTs: right?.ts ?? null,
    rightAmount: right?.amount ?? null,
  };
}
