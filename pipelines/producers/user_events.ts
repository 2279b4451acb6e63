/**
 * Simulates changes of users into a Kafka topic.
 *
 *     deno task producer:user_events --interval 100
 */
import { SluiceError } from "sluice";
import {
  count,
  flagCommand,
  type Flags,
  print,
  printError,
  stopOnSignals,
} from "../../lib/cli/mod.ts";
import { createProducer, createTopicIfAbsent } from "../../lib/kafka/mod.ts";
import { ensureStack } from "../../lib/stack/mod.ts";
import { sendPaced } from "./send_paced.ts";
import { tailOfTopic } from "./tail_of_topic.ts";
import { simulateUserEvents, type User } from "./user_event_simulator.ts";
import { producerFlags, producerSettings } from "./producer_flags.ts";

/** What to simulate, and into which topic. */
export interface ProduceUserEventsOptions {
  readonly brokers: readonly string[];
  readonly topic: string;
  /** Events to make; absent: until the signal. */
  readonly count?: number;
  /** Milliseconds from one event to the next; 0: as fast as they can be sent. */
  readonly intervalMs: number;
  /** Absent: the first `event_order`, so that each run goes on differently. */
  readonly seed?: number;
  readonly signal: AbortSignal;
  /** Told of each event when it is made. */
  readonly onEvent?: (json: string) => void;
}

/** What was simulated. */
export interface ProducedUserEvents {
  readonly count: number;
  readonly firstEventOrder: bigint;
}

/** Partitions of a topic that is made here. */
export const USER_EVENT_PARTITIONS = 3;

const MAX_ORDER = 2n ** 63n - 1n;

/**
 * Makes events, those of a user in one partition. `event_order` goes on from where the topic ends: an
 * event that is made later is newer, whichever run made it. One run at a time: two would give the same
 * numbers.
 *
 * @throws {SluiceError} `NO_ORDER_LEFT` behind the greatest number; as `Producer.send`.
 */
export async function produceUserEvents(
  options: ProduceUserEventsOptions,
): Promise<ProducedUserEvents> {
  const { brokers, topic, intervalMs, signal, onEvent } = options;
  await createTopicIfAbsent({ brokers }, { topic, numPartitions: USER_EVENT_PARTITIONS });
  const { nextEventOrder, users } = await endOfTopic(brokers, topic);
  const events = simulateUserEvents(options.seed ?? Number(nextEventOrder), {
    eventOrder: nextEventOrder,
    users,
    now: Date.now,
  });
  const producer = createProducer({ brokers });
  try {
    const sent = await sendPaced(producer, topic, {
      next: () => {
        const { id, json } = events.next().value!;
        onEvent?.(json);
        return { key: String(id), value: json };
      },
      count: options.count ?? Infinity,
      rate: 1000 / intervalMs,
      signal,
    });
    return { count: sent, firstEventOrder: nextEventOrder };
  } finally {
    await producer.close();
  }
}

/** Where the events in a topic end, which the next ones go on from. */
interface EndOfTopic {
  readonly nextEventOrder: bigint;
  readonly users: ReadonlyMap<number, User>;
}

/** What a record's JSON must have to count as an event here. */
interface EventRecord {
  readonly id: number;
  readonly order: bigint;
  /** `undefined` after a deletion. */
  readonly user: User | undefined;
}

async function endOfTopic(brokers: readonly string[], topic: string): Promise<EndOfTopic> {
  const { values, numOffsets } = await tailOfTopic(brokers, topic);
  const events = values.map(eventOf).filter((event) => event !== undefined);
  events.sort((a, b) => a.order < b.order ? -1 : a.order > b.order ? 1 : 0);
  const users = new Map<number, User>();
  for (const { id, user } of events) {
    if (user === undefined) users.delete(id);
    else users.set(id, user);
  }
  // The events may have gone since, of age. They had an offset each, and as many orders were given.
  const lastOrder = events.at(-1)?.order ?? 0n;
  if (lastOrder === MAX_ORDER) throw noOrderLeft(topic);
  return { nextEventOrder: (lastOrder > numOffsets ? lastOrder : numOffsets) + 1n, users };
}

function noOrderLeft(topic: string): SluiceError {
  return new SluiceError("NO_ORDER_LEFT", {
    attempted: "make user events",
    where: `topic ${topic}`,
    found: `an event with event_order ${MAX_ORDER}, the greatest there is`,
    wanted: "a number for the next event",
    hint: "no event can be newer than that one: make them in another topic with --topic",
  });
}

/** The event in a record; `undefined` if it is none. */
function eventOf(value: Uint8Array | null): EventRecord | undefined {
  try {
    const event = parseExactly(new TextDecoder().decode(value ?? new Uint8Array()));
    const { name, age, op } = event;
    const order = BigInt(event.event_order as string);
    if (order > MAX_ORDER) return undefined;
    const isThere = op !== "delete" && typeof name === "string";
    return {
      id: Number(event.id),
      order,
      user: isThere ? { name, age: Number(age) } : undefined,
    };
  } catch {
    return undefined;
  }
}

/** JSON with its numbers as they are written: an order may have more digits than a double. */
function parseExactly(text: string): Record<string, unknown> {
  type Reviver = (key: string, value: unknown, context: { source: string }) => unknown;
  const reviver: Reviver = (_, value, { source }) => typeof value === "number" ? source : value;
  return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]);
}

const FLAGS = {
  ...producerFlags("event", "the first event's order"),
  topic: {
    type: "string",
    value: "name",
    help: "the topic, made if it is absent; default user-events",
  },
  help: { type: "boolean", help: "show this" },
} as const satisfies Flags;

function main(args: readonly string[]): Promise<number> {
  const about = "Simulates changes of users into a Kafka topic.";
  return flagCommand(
    { name: "producer:user_events", about, flags: FLAGS },
    args,
    async (values) => {
      const settings = producerSettings(values);
      const { kafkaBrokers: brokers } = await ensureStack({
        services: ["kafka"],
        onProgress: printError,
      });
      const stop = new AbortController();
      using _signals = stopOnSignals(() => stop.abort());
      const topic = values.topic ?? "user-events";
      const produced = await produceUserEvents({
        brokers,
        topic,
        ...settings,
        ...(settings.intervalMs === 0 ? {} : { onEvent: print }),
        signal: stop.signal,
      });
      const last = produced.firstEventOrder + BigInt(produced.count) - 1n;
      print(
        produced.count === 0
          ? `no events into ${topic}`
          : `${count(produced.count)} events into ${topic}: ` +
            `event_order ${produced.firstEventOrder} to ${last}`,
      );
    },
  );
}

if (import.meta.main) Deno.exit(await main(Deno.args));
