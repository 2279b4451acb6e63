import type { Producer, ProducerRecord } from "../../lib/kafka/mod.ts";

/** What to send, and how fast. */
export interface PacedRecords {
  /** Makes the next record when it is due. */
  next(): ProducerRecord;
  /** Records to send; Infinity: until the signal. */
  readonly count: number;
  /** Records a second; Infinity: as fast as they can be sent. */
  readonly rate: number;
  readonly signal: AbortSignal;
  /** Told now and then how many records are in the topic for good. */
  readonly onProgress?: ((sent: number) => void) | undefined;
}

/** Records in one call of the producer. */
const MAX_BATCH = 5_000;

/** With a rate, how often records are sent, in milliseconds. */
const TICK_MS = 50;

/** Sends records at a rate; returns how many are in the topic for good. */
export async function sendPaced(
  producer: Producer,
  topic: string,
  { next, count, rate, signal, onProgress }: PacedRecords,
): Promise<number> {
  const startedMs = performance.now();
  let sent = 0;
  while (sent < count && !signal.aborted) {
    const due = rate === Infinity ? Infinity : (performance.now() - startedMs) * rate / 1000;
    const size = Math.floor(Math.min(MAX_BATCH, count - sent, due - sent));
    if (size > 0) {
      await producer.send(topic, Array.from({ length: size }, next));
      sent += size;
      onProgress?.(sent);
    } else {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
  }
  return sent;
}
