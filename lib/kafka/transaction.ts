import { isRetryable, SluiceError, systemClock } from "../core/mod.ts";
import { type KafkaClient, refused } from "./client.ts";
import { type Compression, UNCOMPRESSED } from "./compression.ts";
import type { Api, BrokerConnection } from "./connection.ts";
import {
  DESCRIBE_TRANSACTIONS,
  describeTransaction,
  type TransactionDescription,
} from "./describe_transaction.ts";
import type { TopicMetadata } from "./metadata.ts";
import { initProducerId, NEW_PRODUCER, produceBatch, type ProducerIdentity } from "./produce.ts";
import { ErrorCode } from "./protocol_errors.ts";
import type { RecordBatchBuilder } from "./record_batch_builder.ts";
import { RequestWriter } from "./wire.ts";

const ADD_PARTITIONS: Api = { name: "AddPartitionsToTxn", key: 24, version: 1, flexible: false };
const ADD_OFFSETS: Api = { name: "AddOffsetsToTxn", key: 25, version: 1, flexible: false };
const END_TXN: Api = { name: "EndTxn", key: 26, version: 1, flexible: false };
const TXN_OFFSET_COMMIT: Api = { name: "TxnOffsetCommit", key: 28, version: 2, flexible: false };
// A crashed run's transaction is ended by its next run, so this may be long: other sinks of the
// batch are written while it is open.
const TRANSACTION_TIMEOUT_MS = 300_000;
const PAUSE_MS = 20;
// In which state a transactional id may be that nobody but us has used: a producer that asked for a new
// epoch and lost the answer, or one whose transaction the broker ended.
const OURS: ReadonlySet<string | null> = new Set(["Empty", "PrepareAbort", "CompleteAbort"]);
// What the coordinator says of a transaction that ended already, by whomever.
const ENDED: ReadonlySet<number> = new Set([
  ErrorCode.INVALID_TXN_STATE,
  ErrorCode.INVALID_PRODUCER_EPOCH,
  ErrorCode.INVALID_PRODUCER_ID_MAPPING,
  ErrorCode.PRODUCER_FENCED,
]);

/**
 * Writes records and a group's offset in one transaction at a time. The newest process with a
 * transactional id fences all others.
 */
export class TransactionalProducer {
  readonly #client: KafkaClient;
  readonly #transactionalId: string;
  #identity: ProducerIdentity = NEW_PRODUCER;
  #coordinator: BrokerConnection | undefined;
  /** How often a coordinator was looked for, ever and when `init` was done. */
  #lookups = 0;
  #lookupsAtInit = 0;
  // By topic-partition.
  readonly #sequences = new Map<string, number>();
  readonly #topics = new Map<string, TopicMetadata>();

  /** Does not connect yet; `init` comes first. */
  constructor(client: KafkaClient, transactionalId: string) {
    this.#client = client;
    this.#transactionalId = transactionalId;
  }

  /** The id that the newest `init` gave to this producer. */
  get producerId(): bigint {
    return this.#identity.producerId;
  }

  /** True while the coordinator is there that was there at `init`. */
  get isUndisturbed(): boolean {
    return this.#lookups === this.#lookupsAtInit && this.#coordinator?.usable === true;
  }

  /** Who has this transactional id now; `undefined` if nobody has or brokers cannot tell. */
  describe(): Promise<TransactionDescription | undefined> {
    return this.#describe("look at a transaction");
  }

  /**
   * Becomes the newest producer with this transactional id: others are fenced, and a transaction
   * they or we left behind is completed if it was being committed, else aborted.
   *
   * @throws {SluiceError} `FENCED` if this was called before and another process has since.
   */
  async init(): Promise<void> {
    const attempted = `begin transactions as "${this.#transactionalId}"`;
    if (this.#identity !== NEW_PRODUCER) {
      await this.#refuseIfReplaced(attempted);
      // As Kafka's Java client does: not every broker gives a new epoch while a transaction is open.
      await this.#endIfOpen();
    }
    this.#identity = await this.#settled(attempted, async (connection) => {
      const { errorCode, ...identity } = await initProducerId(
        connection,
        this.#transactionalId,
        TRANSACTION_TIMEOUT_MS,
        this.#identity,
      );
      return { errorCode, value: identity };
    });
    this.#sequences.clear();
    this.#lookupsAtInit = this.#lookups;
  }

  /** Adds partitions of a topic to the transaction; the first call begins it. */
  async addPartitions(topic: string, partitions: readonly number[]): Promise<void> {
    const request = this.#request();
    request.array([topic], () => {
      request.string(topic).array(partitions, (partition) => request.int32(partition));
    });
    const attempted = "add partitions to a transaction";
    await this.#settled(attempted, async (connection) => {
      this.#refuseIfDisturbed(attempted);
      const response = await connection.send(ADD_PARTITIONS, request);
      response.int32();
      const codes = response.array(() => {
        response.string();
        return response.array(() => {
          response.int32();
          return response.int16();
        });
      }).flat();
      return { errorCode: codes.find((code) => code !== ErrorCode.NONE) ?? 0, value: undefined };
    });
  }

  /**
   * Writes a batch of records to a partition that was added; one at a time to each.
   *
   * @throws {SluiceError} `RECORD_TOO_LARGE`, `FENCED`, `KAFKA_REFUSED` or `KAFKA_UNAVAILABLE`.
   */
  async write(
    topic: string,
    partition: number,
    builder: RecordBatchBuilder,
    compression: Compression = UNCOMPRESSED,
  ): Promise<void> {
    const name = `${topic}-${partition}`;
    const baseSequence = this.#sequences.get(name) ?? 0;
    const writer = { ...this.#identity, baseSequence, transactional: true };
    const batch = builder.finish(writer, compression.type, compression.codec);
    await this.#client.quickly(async () => {
      try {
        const connection = await this.#leader(topic, partition);
        const errorCode = await produceBatch(
          connection,
          topic,
          partition,
          batch,
          this.#transactionalId,
          this.#client.options.requestTimeoutMs,
        );
        // A duplicate is a batch of ours that was written though its answer was lost.
        if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
          return;
        }
        if (errorCode === ErrorCode.MESSAGE_TOO_LARGE) {
          throw tooLarge(name, builder.count, batch.length);
        }
        throw this.#refused(`write to ${name} in a transaction`, connection, errorCode);
      } catch (error) {
        this.#topics.delete(topic);
        throw error;
      }
    });
    this.#sequences.set(name, (baseSequence + builder.count) % 2 ** 31);
  }

  /** Adds a group's offsets, whichever, to the transaction. */
  async addGroup(groupId: string): Promise<void> {
    const attempted = `add group "${groupId}" to a transaction`;
    await this.#settled(attempted, async (connection) => {
      this.#refuseIfDisturbed(attempted);
      const response = await connection.send(ADD_OFFSETS, this.#request().string(groupId));
      response.int32();
      return { errorCode: response.int16(), value: undefined };
    });
  }

  /** Makes a group's offset for a partition part of the transaction. */
  async addGroupOffset(
    groupId: string,
    topic: string,
    partition: number,
    offset: bigint,
  ): Promise<void> {
    const attempted = `add the offset of group "${groupId}" to a transaction`;
    await this.addGroup(groupId);
    const request = new RequestWriter(false)
      .string(this.#transactionalId)
      .string(groupId)
      .int64(this.#identity.producerId)
      .int16(this.#identity.producerEpoch);
    request.array([topic], () => {
      request.string(topic).array([partition], () => {
        request.int32(partition).int64(offset).int32(-1).string(null);
      });
    });
    await this.#client.quickly(async () => {
      const connection = await this.#client.coordinator("group", groupId);
      const response = await connection.send(TXN_OFFSET_COMMIT, request);
      response.int32();
      const [errorCode] = response.array(() => {
        response.string();
        return response.array(() => {
          response.int32();
          return response.int16();
        });
      }).flat();
      if (errorCode !== ErrorCode.NONE) throw this.#refused(attempted, connection, errorCode!);
    });
  }

  /**
   * Commits or aborts the transaction.
   *
   * @throws {SluiceError} `FENCED`, or retryable `TRANSACTION_TIMED_OUT`.
   */
  async end(commit: boolean): Promise<void> {
    const attempted = `${commit ? "commit" : "abort"} a transaction`;
    try {
      await this.#settled(attempted, async (connection) => {
        return { errorCode: await this.#endTransaction(connection, commit), value: undefined };
      });
    } catch (error) {
      if (!commit || !(error instanceof SluiceError && error.code === "FENCED")) throw error;
      // The broker says the same when it gave up waiting; then nobody else has our id, and this works.
      await this.init();
      throw new SluiceError("TRANSACTION_TIMED_OUT", {
        attempted,
        found: "a transaction that the broker aborted",
        wanted: `one that is open for less than ${TRANSACTION_TIMEOUT_MS} ms`,
        retryable: true,
        cause: error,
      });
    }
  }

  async #leader(topic: string, partition: number): Promise<BrokerConnection> {
    const metadata = this.#topics.get(topic) ?? await this.#client.topic(topic);
    this.#topics.set(topic, metadata);
    return await this.#client.node(metadata.partitions[partition]?.leaderId ?? -1);
  }

  /**
   * Asks who has the transactional id now. A broker compares epochs only where no transaction is open:
   * a run that was replaced and asks for a new epoch would end the open transaction of its successor.
   *
   * @throws {SluiceError} `FENCED` if another process has it.
   */
  async #refuseIfReplaced(attempted: string): Promise<void> {
    const { producerId, producerEpoch } = this.#identity;
    const newest = await this.#describe(attempted);
    if (newest === undefined) return;
    const epochsBehind = newest.producerEpoch - producerEpoch;
    const isOurs = newest.producerId === producerId &&
      (epochsBehind === 0 || (epochsBehind === 1 && OURS.has(newest.state)));
    if (isOurs) return;
    throw this.#fenced({
      attempted,
      found: `producer ${newest.producerId} with epoch ${newest.producerEpoch}, after ours, ` +
        `${producerId} with epoch ${producerEpoch}`,
    });
  }

  /** Who has the transactional id now, and what becomes of it; `undefined` if nobody has or can tell. */
  #describe(attempted: string): Promise<TransactionDescription | undefined> {
    return this.#settled<TransactionDescription | undefined>(attempted, async (connection) => {
      // Kafka 3.0 and newer tell.
      if (!connection.supports(DESCRIBE_TRANSACTIONS)) {
        return { errorCode: ErrorCode.NONE, value: undefined };
      }
      const { errorCode, ...value } = await describeTransaction(connection, this.#transactionalId);
      // Brokers forget an id that is quiet for long; then nobody has it.
      return errorCode === ErrorCode.TRANSACTIONAL_ID_NOT_FOUND
        ? { errorCode: ErrorCode.NONE, value: undefined }
        : { errorCode, value };
    });
  }

  /**
   * A coordinator that ended may have left a transaction undecided: one that begins at the next would
   * decide for both.
   */
  #refuseIfDisturbed(attempted: string): void {
    if (this.isUndisturbed) return;
    throw new SluiceError("KAFKA_UNAVAILABLE", {
      attempted,
      found: "a coordinator that was replaced, or a connection to it that was lost",
      hint: "first it has to be seen how the transaction before ended; it is worth another try",
      retryable: true,
    });
  }

  async #endIfOpen(): Promise<void> {
    await this.#settled("abort a transaction", async (connection) => {
      const errorCode = await this.#endTransaction(connection, false);
      return { errorCode: ENDED.has(errorCode) ? ErrorCode.NONE : errorCode, value: undefined };
    });
  }

  async #endTransaction(connection: BrokerConnection, commit: boolean): Promise<number> {
    const response = await connection.send(END_TXN, this.#request().boolean(commit));
    response.int32();
    return response.int16();
  }

  #request(): RequestWriter {
    return new RequestWriter(false)
      .string(this.#transactionalId)
      .int64(this.#identity.producerId)
      .int16(this.#identity.producerEpoch);
  }

  /**
   * Asks the transaction coordinator, again and again while it says that the transaction before is
   * not through yet or that another broker coordinates.
   */
  async #settled<T>(
    attempted: string,
    ask: (connection: BrokerConnection) => Promise<{ errorCode: number; value: T }>,
  ): Promise<T> {
    const deadlineMs = Date.now() + this.#client.options.requestTimeoutMs;
    for (;;) {
      if (!this.#coordinator?.usable) {
        this.#lookups++;
        this.#coordinator = await this.#client.patiently(() =>
          this.#client.coordinator("transaction", this.#transactionalId)
        );
      }
      const { errorCode, value } = await ask(this.#coordinator);
      if (errorCode === ErrorCode.NONE) return value;
      const error = this.#refused(attempted, this.#coordinator, errorCode);
      const needsInit = errorCode === ErrorCode.INVALID_PRODUCER_ID_MAPPING;
      if (!isRetryable(error) || needsInit || Date.now() > deadlineMs) throw error;
      if (errorCode !== ErrorCode.CONCURRENT_TRANSACTIONS) this.#coordinator = undefined;
      await systemClock.sleep(PAUSE_MS, this.#client.closedSignal);
    }
  }

  #refused(attempted: string, connection: BrokerConnection, errorCode: number): SluiceError {
    const error = refused(attempted, connection.address, errorCode);
    if (errorCode === ErrorCode.INVALID_PRODUCER_ID_MAPPING) {
      // Brokers forget a transactional id that is quiet for a week; `init` then gets a new producer
      // id, unless another process has one already.
      return new SluiceError(error.code, { ...error.details, retryable: true });
    }
    if (
      errorCode !== ErrorCode.INVALID_PRODUCER_EPOCH && errorCode !== ErrorCode.PRODUCER_FENCED
    ) {
      return error;
    }
    return this.#fenced(error.details);
  }

  #fenced(details: SluiceError["details"]): SluiceError {
    return new SluiceError("FENCED", {
      ...details,
      wanted: `to be the only process with transactional id "${this.#transactionalId}"`,
      hint: "another run of the same query has begun: let only one run at a time",
    });
  }
}

function tooLarge(topicPartition: string, count: number, bytes: number): SluiceError {
  return new SluiceError("RECORD_TOO_LARGE", {
    attempted: `write to ${topicPartition}`,
    found: `${count === 1 ? "a record" : `${count} records`} in ${bytes} bytes`,
    wanted: "at most max.message.bytes of the topic",
    hint: "raise max.message.bytes of the topic, or leave such rows out",
  });
}
