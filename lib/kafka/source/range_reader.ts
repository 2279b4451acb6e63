import {
  isRetryable,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  type RecordBlock,
  SluiceError,
  systemClock,
} from "../../core/mod.ts";
import { abortable } from "../abort.ts";
import { type KafkaClient, refused } from "../client.ts";
import { type FetchedPartition, fetchRecords } from "../fetch.ts";
import { type IsolationLevel, listOffsets } from "../list_offsets.ts";
import type { TopicMetadata } from "../metadata.ts";
import { ErrorCode, errorCodeName, isRetriableCode } from "../protocol_errors.ts";
import { findBatches } from "../record_batch.ts";
import { decodeRecords } from "../record_decoder.ts";
import { dataLoss, least, type PartitionState, partitionStates } from "./partition_state.ts";

// Per broker there is one response at work and one more on its way.
const MAX_RESPONSE_BYTES = 8 << 20;
const MAX_PARTITION_BYTES = 1 << 20;
const MAX_WAIT_MS = 500;
const QUICK_TRIES = 5;
const FIRST_PAUSE_MS = 50;

/** How to read ranges. */
export interface RangeReaderOptions {
  readonly isolationLevel: IsolationLevel;
  readonly failOnDataLoss: boolean;
}

interface FetchOutcome {
  readonly leaderId: number;
  readonly result: readonly FetchedPartition[] | SluiceError;
}

/**
 * Reads ranges of offsets: one fetch per broker at a time for all its partitions, the next one on
 * its way while the caller works on the last.
 */
export class KafkaRangeReader implements RangeReader {
  readonly #client: KafkaClient;
  readonly #options: RangeReaderOptions;
  readonly #signal: AbortSignal;
  readonly #maxBytes: number;
  // In the order of the next request: who got least lately comes first.
  #partitions: PartitionState[];
  #handedOverBytes = 0;
  #waitingSinceMs = 0;

  /** Does not read yet. */
  constructor(
    client: KafkaClient,
    start: Offsets,
    end: Offsets,
    options: RangeReaderOptions,
    readOptions: ReadOptions,
  ) {
    this.#client = client;
    this.#options = options;
    this.#signal = readOptions.signal;
    this.#maxBytes = readOptions.maxBytes ?? Infinity;
    this.#partitions = partitionStates(start, end);
  }

  /** Exclusive; exact at every block. */
  endOffsets(): Offsets {
    const offsets: Record<string, Record<number, bigint>> = {};
    for (const { topic, partition, reachedOffset } of this.#partitions) {
      (offsets[topic] ??= {})[partition] = reachedOffset;
    }
    return offsets;
  }

  /** Hands over the blocks of the range. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBlock> {
    this.#signal.throwIfAborted();
    const inFlight = new Map<number, Promise<FetchOutcome>>();
    let failures = 0;
    this.#waitingSinceMs = Date.now();
    if (this.#unread().length > 0) await this.#findLeaders();
    while (this.#unread().length > 0 && this.#handedOverBytes < this.#maxBytes) {
      this.#fillLanes(inFlight, this.#handedOverBytes);
      const { leaderId, result } = await abortable(Promise.race(inFlight.values()), this.#signal);
      inFlight.delete(leaderId);
      const failure = result instanceof SluiceError ? result : await this.#firstFailure(result);
      if (failure !== undefined) {
        failures++;
        const waitedMs = Date.now() - this.#waitingSinceMs;
        const over = failures > QUICK_TRIES || waitedMs > this.#client.options.requestTimeoutMs;
        if (!isRetryable(failure) || over) throw failure;
        await systemClock.sleep(FIRST_PAUSE_MS * 2 ** (failures - 1), this.#signal);
        await this.#findLeaders();
      }
      if (result instanceof SluiceError) continue;
      const work = this.#takeIn(result);
      if (work.length === 0) {
        this.#checkProgress();
        continue;
      }
      failures = failure === undefined ? 0 : failures;
      // The next request goes out before the caller gets to work on this response.
      const takenIn = result.reduce((sum, { records }) => sum + records.length, 0);
      this.#fillLanes(inFlight, this.#handedOverBytes + takenIn);
      for (const { state, fetched, batches, nextOffset } of work) {
        const { topic, partition, reachedOffset: startOffset, endOffsetExclusive } = state;
        const blocks = decodeRecords({
          topic,
          partition,
          bytes: fetched.records,
          batches,
          abortedTransactions: fetched.abortedTransactions,
          startOffset,
          endOffsetExclusive,
        });
        for await (const { block, nextOffset, recordBytes } of blocks) {
          state.reachedOffset = least(nextOffset, endOffsetExclusive);
          this.#handedOverBytes += recordBytes;
          yield block;
          this.#signal.throwIfAborted();
          if (this.#handedOverBytes >= this.#maxBytes) return;
        }
        state.reachedOffset = nextOffset;
      }
      this.#waitingSinceMs = Date.now();
    }
  }

  #unread(): PartitionState[] {
    return this.#partitions.filter((state) => state.fetchOffset < state.endOffsetExclusive);
  }

  /** Sends the next request to every broker that has none, as far as `maxBytes` allows. */
  #fillLanes(inFlight: Map<number, Promise<FetchOutcome>>, takenInBytes: number): void {
    const budget = this.#maxBytes - takenInBytes;
    if (budget <= 0) return;
    for (const [leaderId, states] of Map.groupBy(this.#unread(), (state) => state.leaderId)) {
      if (!inFlight.has(leaderId)) inFlight.set(leaderId, this.#fetch(leaderId, states, budget));
    }
  }

  async #fetch(
    leaderId: number,
    states: readonly PartitionState[],
    budget: number,
  ): Promise<FetchOutcome> {
    try {
      const connection = await this.#client.node(leaderId);
      const positions = states.map(({ topic, partition, fetchOffset, leaderEpoch }) => ({
        topic,
        partition,
        offset: fetchOffset,
        leaderEpoch,
      }));
      const result = await fetchRecords(connection, positions, {
        isolationLevel: this.#options.isolationLevel,
        maxWaitMs: Math.min(MAX_WAIT_MS, this.#client.options.requestTimeoutMs / 2) | 0,
        maxBytes: Math.min(MAX_RESPONSE_BYTES, budget),
        maxPartitionBytes: Math.min(MAX_PARTITION_BYTES, budget),
      });
      return { leaderId, result };
    } catch (error) {
      if (error instanceof SluiceError) return { leaderId, result: error };
      throw error;
    }
  }

  /** Moves on every partition that got whole batches, and says what there is to hand over. */
  #takeIn(result: readonly FetchedPartition[]) {
    const work = [];
    for (const fetched of result) {
      const state = this.#find(fetched);
      if (fetched.errorCode !== ErrorCode.NONE) continue;
      state.highWatermark = fetched.highWatermark;
      state.lastStableOffset = fetched.lastStableOffset;
      const batches = findBatches(fetched.records, `${state.topic}-${state.partition}`);
      if (batches.length === 0) continue;
      // From the batches, not their records: control batches and compacted tails count.
      const nextOffset = least(batches.at(-1)!.lastOffset + 1n, state.endOffsetExclusive);
      if (nextOffset <= state.fetchOffset) continue;
      state.fetchOffset = nextOffset;
      work.push({ state, fetched, batches, nextOffset });
    }
    const served = new Set(work.map(({ state }) => state));
    this.#partitions = [
      ...this.#partitions.filter((state) => !served.has(state)),
      ...served,
    ];
    return work;
  }

  async #findLeaders(): Promise<void> {
    const names = [...new Set(this.#unread().map((state) => state.topic))];
    const topics = await this.#topicsStillThere(names);
    for (const state of this.#unread()) {
      const topic = topics.find(({ topic }) => topic === state.topic);
      const found = topic?.partitions.find(({ partition }) => partition === state.partition);
      if (found !== undefined) {
        state.leaderId = found.leaderId;
        state.leaderEpoch = found.leaderEpoch;
      } else if (this.#options.failOnDataLoss) {
        throw dataLoss(state, topic === undefined ? "no such topic" : "no such partition");
      } else {
        state.fetchOffset = state.reachedOffset = state.endOffsetExclusive;
      }
    }
  }

  /** Asks more than once for a topic that is not there: a broker may not have heard of a new one yet. */
  async #topicsStillThere(names: readonly string[]): Promise<TopicMetadata[]> {
    for (let attempt = 0;; attempt++) {
      const found = await this.#client.quickly(
        () => this.#client.topicsIfPresent(names),
        this.#signal,
      );
      if (found.length === names.length || attempt === QUICK_TRIES) return found;
      await systemClock.sleep(FIRST_PAUSE_MS * 2 ** attempt, this.#signal);
    }
  }

  async #firstFailure(result: readonly FetchedPartition[]): Promise<SluiceError | undefined> {
    let failure: SluiceError | undefined;
    for (const fetched of result) {
      if (fetched.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
        failure ??= await this.#skipOrFail(this.#find(fetched));
      } else if (fetched.errorCode !== ErrorCode.NONE) {
        const { topic, partition, fetchOffset } = this.#find(fetched);
        const where = `${topic}-${partition}@${fetchOffset}`;
        const error = refused("fetch records", where, fetched.errorCode);
        if (!isRetriableCode(fetched.errorCode)) return error;
        failure ??= error;
      }
    }
    return failure;
  }

  /**
   * The offset a fetch asked for is not there: data loss, or with `failOnDataLoss: false` a gap. An
   * offset that is there after all is worth another try, as the leader may have changed meanwhile.
   */
  async #skipOrFail(state: PartitionState): Promise<SluiceError | undefined> {
    const { topic, partition, fetchOffset, endOffsetExclusive } = state;
    const [earliest, latest] = await this.#client.quickly(async () => {
      const metadata = await this.#client.topic(topic);
      return await Promise.all((["earliest", "latest"] as const).map(async (which) => {
        const offsets = await listOffsets(this.#client, [metadata], which, "read_uncommitted");
        return offsets[topic]?.[partition] ?? 0n;
      })) as [bigint, bigint];
    }, this.#signal);
    const found = `${topic}-${partition} holds [${earliest}, ${latest})`;
    if (fetchOffset >= earliest && fetchOffset <= latest) {
      return new SluiceError("KAFKA_REFUSED", {
        attempted: "fetch records",
        where: `${topic}-${partition}@${fetchOffset}`,
        found: `${errorCodeName(ErrorCode.OFFSET_OUT_OF_RANGE)}, though ${found}`,
        retryable: true,
      });
    }
    if (this.#options.failOnDataLoss) return dataLoss(state, found);
    state.fetchOffset = fetchOffset < earliest
      ? least(earliest, endOffsetExclusive)
      : endOffsetExclusive;
    state.reachedOffset = state.fetchOffset;
    return undefined;
  }

  #checkProgress(): void {
    const waitedMs = Date.now() - this.#waitingSinceMs;
    if (waitedMs < this.#client.options.requestTimeoutMs) return;
    const state = this.#unread()[0];
    if (state === undefined) return;
    const { topic, partition, fetchOffset, endOffsetExclusive, highWatermark } = state;
    throw new SluiceError("RANGE_NOT_REACHED", {
      attempted: `read ${topic}-${partition} up to offset ${endOffsetExclusive}`,
      where: `${topic}-${partition}@${fetchOffset}`,
      found: `no records for ${waitedMs} ms, high watermark ${highWatermark}, ` +
        `last stable offset ${state.lastStableOffset}`,
      hint: highWatermark >= endOffsetExclusive
        ? "a transaction is still open there; see kafka-transactions.sh find-hanging"
        : "the log ends before the planned range: the topic was truncated or recreated, or its replicas lag",
      retryable: true,
    });
  }

  #find({ topic, partition }: FetchedPartition): PartitionState {
    return this.#partitions.find((state) =>
      state.topic === topic && state.partition === partition
    )!;
  }
}
