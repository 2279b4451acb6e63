/**
 * Simulates Binance's trade stream into a Kafka topic.
 *
 *     deno task producer:trades --rate 500
 */
import { kafka, SluiceError } from "sluice";
import {
  count,
  type Flags,
  flagsHelp,
  parseFlags,
  stopOnSignals,
  wholeNumber,
} from "../../lib/cli/mod.ts";
import { recordValue } from "../../lib/core/mod.ts";
import { createProducer, createTopicIfAbsent } from "../../lib/kafka/mod.ts";
import { ensureStack } from "../../lib/stack/mod.ts";
import { simulateTrades, type SimulationStart } from "./trade_simulator.ts";

/** What to simulate, and into which topic. */
export interface ProduceOptions {
  readonly brokers: readonly string[];
  readonly topic: string;
  /** Trades to make; absent: until the signal. */
  readonly count?: number;
  /** Trades a second; absent: as fast as they can be sent. */
  readonly rate?: number;
  /** Absent: the id of the first trade, so that each run walks on differently. */
  readonly seed?: number;
  readonly signal: AbortSignal;
  /** Told now and then how many trades are in the topic for good. */
  readonly onProgress?: (sent: number) => void;
}

/** What was simulated. */
export interface Produced {
  readonly count: number;
  readonly firstTradeId: number;
}

/** Partitions of a topic that is made here. */
const PARTITIONS = 3;

/** How many of a partition's last records tell the last id and the last prices. */
const TAIL_RECORDS = 1_000n;

/** Trades in one call of the producer. */
const MAX_BATCH = 5_000;

/** With a rate, how often trades are sent, in milliseconds. */
const TICK_MS = 50;

/** Makes trades; their ids and prices go on from where the topic ends. */
export async function produceTrades(options: ProduceOptions): Promise<Produced> {
  const { brokers, topic, rate, signal } = options;
  await createTopicIfAbsent({ brokers }, { topic, numPartitions: PARTITIONS });
  const start = await endOfTopic(brokers, topic);
  const trades = simulateTrades(options.seed ?? start.tradeId, start);
  const total = options.count ?? Infinity;
  const producer = await createProducer({ brokers });
  let sent = 0;
  try {
    const startedMs = performance.now();
    while (sent < total && !signal.aborted) {
      const due = rate === undefined ? Infinity : (performance.now() - startedMs) * rate / 1000;
      const size = Math.floor(Math.min(MAX_BATCH, total - sent, due - sent));
      if (size > 0) {
        const records = Array.from({ length: size }, () => {
          const { symbol, json, timeMs } = trades.next().value!;
          return { key: symbol, value: json, timestampMs: timeMs };
        });
        await producer.send(topic, records);
        sent += size;
        options.onProgress?.(sent);
      } else {
        await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      }
    }
  } finally {
    await producer.close();
  }
  return { count: sent, firstTradeId: start.tradeId };
}

/** Where the trades in a topic end: what the next trade's id, time and prices go on from. */
async function endOfTopic(brokers: readonly string[], topic: string): Promise<SimulationStart> {
  const source = kafka({ brokers, topic });
  const signal = AbortSignal.timeout(30_000);
  let lastTradeId = 0;
  const last = new Map<string, { tradeId: number; price: string }>();
  try {
    const earliest = await source.earliestOffsets(signal);
    const latest = await source.latestOffsets(signal);
    const tail = Object.fromEntries(
      Object.entries(latest[topic]!).map(([partition, end]) => {
        const first = earliest[topic]![Number(partition)]!;
        return [partition, end - first > TAIL_RECORDS ? end - TAIL_RECORDS : first];
      }),
    );
    for await (const block of source.read({ [topic]: tail }, latest, { signal })) {
      for (let i = 0; i < block.count; i++) {
        const trade = tradeOf(recordValue(block, i));
        if (trade === undefined) continue;
        lastTradeId = Math.max(lastTradeId, trade.t);
        const known = last.get(trade.s);
        if (known === undefined || known.tradeId < trade.t) {
          last.set(trade.s, { tradeId: trade.t, price: trade.p });
        }
      }
    }
  } finally {
    await source.close();
  }
  const prices = new Map([...last].map(([symbol, { price }]) => [symbol, price]));
  return { tradeId: lastTradeId + 1, timeMs: Date.now(), prices };
}

/** What a record says of its trade; `undefined` for a record that is none. */
function tradeOf(value: Uint8Array | null): { s: string; t: number; p: string } | undefined {
  try {
    const { s, t, p } = JSON.parse(new TextDecoder().decode(value ?? new Uint8Array()));
    return typeof s === "string" && Number.isSafeInteger(t) && !Number.isNaN(Number(p))
      ? { s, t, p }
      : undefined;
  } catch {
    return undefined;
  }
}

const FLAGS = {
  rate: {
    type: "string",
    value: "n",
    help: "trades a second; default: as fast as they can be sent",
  },
  count: { type: "string", value: "n", help: "trades to make; default: until Ctrl-C" },
  seed: {
    type: "string",
    value: "n",
    help: "seed of the simulation; default: the first trade's id",
  },
  topic: { type: "string", value: "name", help: "the topic, made if it is absent; default trades" },
  help: { type: "boolean", help: "show this" },
} as const satisfies Flags;

async function main(args: readonly string[]): Promise<void> {
  const values = parseFlags("producer:trades", args, FLAGS);
  if (values.help) {
    console.log(`Simulates Binance's trade stream into a Kafka topic.\n\n${flagsHelp(FLAGS)}`);
    return;
  }
  const limit = wholeNumber("count", values.count, 1);
  const rate = wholeNumber("rate", values.rate, 1);
  const seed = wholeNumber("seed", values.seed, 0);
  const { kafkaBrokers: brokers } = await ensureStack({
    services: ["kafka"],
    onProgress: (message) => console.error(message),
  });
  const stop = new AbortController();
  using _signals = stopOnSignals(() => stop.abort());
  const topic = values.topic ?? "trades";
  const produced = await produceTrades({
    brokers,
    topic,
    ...(limit === undefined ? {} : { count: limit }),
    ...(rate === undefined ? {} : { rate }),
    ...(seed === undefined ? {} : { seed }),
    signal: stop.signal,
  });
  const last = produced.firstTradeId + produced.count - 1;
  console.log(
    `${count(produced.count)} trades into ${topic}: ids ${produced.firstTradeId} to ${last}`,
  );
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
