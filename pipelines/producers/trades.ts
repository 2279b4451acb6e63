/**
 * Simulates Binance's trade stream into a Kafka topic.
 *
 *     deno task producer:trades --rate 500
 */
import {
  count,
  flagCommand,
  type Flags,
  print,
  printError,
  stopOnSignals,
  wholeNumber,
} from "../../lib/cli/mod.ts";
import { createProducer, createTopicIfAbsent } from "../../lib/kafka/mod.ts";
import { ensureStack } from "../../lib/stack/mod.ts";
import { sendPaced } from "./send_paced.ts";
import { tailOfTopic } from "./tail_of_topic.ts";
import { simulateTrades } from "./trade_simulator.ts";

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
export const TRADE_PARTITIONS = 3;

/** Without a rate, the trades of an empty topic happened in the last hour. */
const HOUR_MS = 3_600_000;

/** Makes trades; their ids and prices go on from where the topic ends. */
export async function produceTrades(options: ProduceOptions): Promise<Produced> {
  const { brokers, topic, rate, signal } = options;
  await createTopicIfAbsent({ brokers }, { topic, numPartitions: TRADE_PARTITIONS });
  const end = await endOfTopic(brokers, topic);
  const total = options.count ?? Infinity;
  const nowMs = Date.now();
  // At a rate, trades happen from now on. Else they fill the time since the topic's last trade.
  const timeMs = rate === undefined ? end.lastTradeMs ?? nowMs - HOUR_MS : nowMs;
  const meanGapMs = rate === undefined ? Math.max(0, nowMs - timeMs) / total : 1000 / rate;
  const trades = simulateTrades(options.seed ?? end.nextTradeId, {
    tradeId: end.nextTradeId,
    timeMs,
    meanGapMs,
    prices: end.prices,
  });
  const producer = createProducer({ brokers });
  let sent = 0;
  try {
    sent = await sendPaced(producer, topic, {
      next: () => {
        const { symbol, json } = trades.next().value!;
        return { key: symbol, value: json };
      },
      count: total,
      rate: rate ?? Infinity,
      signal,
      onProgress: options.onProgress,
    });
  } finally {
    await producer.close();
  }
  return { count: sent, firstTradeId: end.nextTradeId };
}

/** Where the trades in a topic end, which the next ones go on from. */
interface EndOfTopic {
  readonly nextTradeId: number;
  /** Milliseconds since 1970; `undefined` if the topic has no trade. */
  readonly lastTradeMs: number | undefined;
  /** Last prices by symbol. */
  readonly prices: ReadonlyMap<string, string>;
}

/** What a record's JSON must have to count as a trade here. */
interface TradeRecord {
  readonly s: string;
  readonly t: number;
  readonly p: string;
  readonly T: number;
}

async function endOfTopic(brokers: readonly string[], topic: string): Promise<EndOfTopic> {
  const { values } = await tailOfTopic(brokers, topic);
  const trades = values.map(tradeOf).filter((trade) => trade !== undefined);
  trades.sort((a, b) => a.t - b.t);
  return {
    nextTradeId: (trades.at(-1)?.t ?? 0) + 1,
    lastTradeMs: trades.length === 0 ? undefined : Math.max(...trades.map((trade) => trade.T)),
    prices: new Map(trades.map((trade) => [trade.s, trade.p])),
  };
}

/** The trade in a record; `undefined` if it is none. */
function tradeOf(value: Uint8Array | null): TradeRecord | undefined {
  try {
    const trade = JSON.parse(new TextDecoder().decode(value ?? new Uint8Array()));
    const isTrade = typeof trade.s === "string" && Number.isSafeInteger(trade.t) &&
      Number.isSafeInteger(trade.T) && Number(trade.p) > 0;
    return isTrade ? trade : undefined;
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

function main(args: readonly string[]): Promise<number> {
  const about = "Simulates Binance's trade stream into a Kafka topic.";
  return flagCommand({ name: "producer:trades", about, flags: FLAGS }, args, async (values) => {
    const limit = wholeNumber("count", values.count, 1);
    const rate = wholeNumber("rate", values.rate, 1);
    const seed = wholeNumber("seed", values.seed, 0);
    const { kafkaBrokers: brokers } = await ensureStack({
      services: ["kafka"],
      onProgress: printError,
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
    print(
      `${count(produced.count)} trades into ${topic}: ids ${produced.firstTradeId} to ${last}`,
    );
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
