// Sends events for as long as it lives, and writes down what it is about to send and what has arrived.
import { createProducer } from "../../lib/kafka/mod.ts";
import { endWithParent } from "./end_with_parent.ts";
import { ProducerLogWriter, readProducerLog } from "./producer_log.ts";
import { soakRecord } from "./soak_event.ts";
import { TOPICS } from "./soak_query.ts";

/** What a producer is told. */
export interface ProducerJob {
  readonly brokers: readonly string[];
  /** Where it goes on after the numbers that an earlier one wrote down. */
  readonly logPath: string;
  readonly seed: number;
  readonly eventsPerSecond: number;
}

const TICK_MS = 50;

if (import.meta.main) {
  endWithParent();
  const { brokers, logPath, seed, eventsPerSecond }: ProducerJob = JSON.parse(Deno.args[0]!);
  let next = (await readProducerLog(logPath)).end;
  const log = ProducerLogWriter.open(logPath);
  const producer = createProducer({ brokers });
  const perTick = Math.max(1, Math.round(eventsPerSecond * TICK_MS / 1000));
  for (;;) {
    const nowMs = Date.now();
    const end = next + perTick;
    const records = Array.from({ length: perTick }, (_, i) => soakRecord(seed, next + i, nowMs));
    // Before it is sent: a number that nobody wrote down can be in no topic.
    log.note("sending", next, end);
    await producer.send(TOPICS.source.topic, records);
    log.note("arrived", next, end);
    next = end;
    await new Promise((resolve) => setTimeout(resolve, nowMs + TICK_MS - Date.now()));
  }
}
