import {
  errorText,
  failpoint,
  nothingStaged,
  SluiceError,
  type StagedBatch,
} from "../../core/mod.ts";
import type { KafkaClient } from "../client.ts";
import { fetchGroupOffset, isGroupOffsetDecided } from "../group_offsets.ts";
import { openTransactions } from "../open_transactions.ts";
import { TransactionalProducer } from "../transaction.ts";

/** Kafka's words for a transaction that is committed, or about to be. */
const COMMITTED: ReadonlySet<string | null> = new Set(["PrepareCommit", "CompleteCommit"]);
/** Kafka's word after `init`, which makes brokers forget how the transaction before was decided. */
const FORGOTTEN = "Empty";

/** How much of a batch hangs in the air: neither committed nor aborted, and no transaction open. */
type Undecided = "nothing" | "a part" | "all";

/** Whose batches go where. */
export interface BatchTransactionsOptions {
  readonly queryId: string;
  readonly topic: string;
  /** Told of what went wrong without harm to the data. */
  readonly onNotice?: ((message: string) => void) | undefined;
  /**
   * Finds the newest batch in the topic where the broker knows none: it may have forgotten. Absent:
   * `heldBatchId` is then `undefined`.
   */
  readonly findHeldBatchId?: () => Promise<number>;
}

/**
 * Brings the batches of a query into a topic, each in one transaction with its key: `(queryId,
 * batchId)` is the offset `batchId + 1` that consumer group `sluice-<queryId>` has for partition 0
 * of the topic. The transactional id, `sluice-<queryId>-<topic>`, fences earlier runs of the query.
 */
export class BatchTransactions {
  readonly #client: KafkaClient;
  readonly #options: BatchTransactionsOptions;
  readonly #groupId: string;
  readonly #producer: TransactionalProducer;
  #heldBatchId: number | undefined;
  /** The batch whose commit this run sent. */
  #sentBatchId = -1;
  /** How the newest transaction was decided, for when brokers forget; `undefined`: not known. */
  #wasCommitted: boolean | undefined;
  /** False when a transaction of ours may be open or undecided. */
  #settled = false;
  #refreshing: Promise<void> = Promise.resolve();

  /** Does not connect yet; `init` comes first. */
  constructor(client: KafkaClient, options: BatchTransactionsOptions) {
    const { queryId, topic } = options;
    this.#client = client;
    this.#options = options;
    this.#groupId = `sluice-${queryId}`;
    this.#producer = new TransactionalProducer(client, `sluice-${queryId}-${topic}`);
  }

  /** The newest batch whose key is there; `undefined` if there is none that anyone knows of. */
  get heldBatchId(): number | undefined {
    return this.#heldBatchId;
  }

  /**
   * Ends what was left open, by us or by an earlier run, and then looks what is there.
   *
   * @throws {SluiceError} `FENCED`, `SINK_BEHIND` if a batch is gone that this run saw there, and
   * `TRANSACTION_UNDECIDED` if a batch hangs in the air and nobody knows how it was decided.
   */
  async init(): Promise<void> {
    this.#settled = false;
    const before = await this.#producer.describe();
    if (before?.state !== FORGOTTEN) this.#wasCommitted = COMMITTED.has(before?.state ?? null);
    // If brokers are away that will be asked below, it is found out here, before any forgets.
    if (before !== undefined) await this.#findUndecided(before.producerId);
    await this.#producer.init();
    await failpoint("kafka:fenced");
    const undecided = await this.#findUndecided(this.#producer.producerId);
    if (undecided !== "nothing") await this.#decide(undecided);
    const stored = await this.#client.patiently(() =>
      fetchGroupOffset(this.#client, this.#groupId, this.#options.topic, 0)
    );
    const held = stored === undefined
      ? await this.#options.findHeldBatchId?.()
      : Number(stored) - 1;
    const seen = this.#heldBatchId ?? -1;
    // Brokers may also have forgotten the key since; that is for `stage` to judge.
    if (stored !== undefined && held! < seen) throw this.#behind(seen, held!);
    this.#heldBatchId = held;
    // From here on only what the broker ended itself, as too long, is forgotten before we look.
    this.#wasCommitted = false;
    this.#settled = true;
  }

  /**
   * Begins the transaction of a batch and has `write` put the batch's records into it. Nothing is
   * staged if the batch is there already.
   *
   * @throws {SluiceError} `SINK_AHEAD` if a later batch is there, `PROGRESS_LOST` if nobody knows which
   * are, `FENCED`, and what `write` throws.
   */
  async stage(
    batchId: number,
    numOutputRows: number,
    write: (producer: TransactionalProducer) => Promise<void>,
  ): Promise<StagedBatch> {
    await this.#refreshing;
    if (!this.#settled || !this.#producer.isUndisturbed) await this.init();
    if (this.#heldBatchId === undefined && batchId > 0) throw this.#progressLost(batchId);
    const held = this.#heldBatchId ?? -1;
    if (held > batchId) throw this.#ahead(batchId, held);
    if (held === batchId) {
      return nothingStaged(
        this.#sentBatchId === batchId
          ? { status: "committed", numOutputRows }
          : { status: "alreadyCommitted" },
      );
    }
    this.#settled = false;
    try {
      await write(this.#producer);
      await failpoint("kafka:written");
      await this.#addKey(batchId);
    } catch (error) {
      await this.#abort();
      throw error;
    }
    return {
      commit: async () => {
        await failpoint("kafka:staged");
        this.#sentBatchId = batchId;
        // The commit point: before it, a crash leaves the records invisible and the next run aborts
        // them; after it, they and the key are there for good.
        await this.#producer.end(true);
        await failpoint("kafka:committed");
        this.#heldBatchId = batchId;
        this.#settled = this.#producer.isUndisturbed;
        return { status: "committed", numOutputRows };
      },
      abort: () => this.#abort(),
    };
  }

  /**
   * Stores the newest key once more, so that brokers, which forget the offsets of a group that is
   * quiet for a week, keep it. Does nothing while a batch is on its way, and does not throw.
   */
  refresh(): Promise<void> {
    return this.#refreshing = this.#refreshing.then(() => this.#storeAgain());
  }

  async #storeAgain(): Promise<void> {
    const held = this.#heldBatchId;
    if (!this.#settled || held === undefined || held < 0) return;
    try {
      if (!this.#producer.isUndisturbed) await this.init();
      this.#settled = false;
      // In a transaction: that of a run which was fenced cannot end.
      await this.#addKey(held);
      await this.#producer.end(true);
      this.#settled = true;
    } catch (error) {
      const group = `consumer group "${this.#groupId}"`;
      this.#options.onNotice?.(`could not store the offset of ${group} again: ${errorText(error)}`);
    }
  }

  /**
   * Looks for records and a key that hang in the air. A broker that shuts down while nobody can
   * lead its partitions takes them for deleted, and calls a transaction done whose end it wrote
   * nowhere (Kafka 4.3, TransactionMarkerChannelManager). The next transaction would decide for both.
   */
  async #findUndecided(producerId: bigint): Promise<Undecided> {
    const { topic } = this.#options;
    const records = await this.#client.quickly(async () =>
      openTransactions(this.#client, await this.#client.topic(topic), producerId)
    );
    const isKeyDecided = await this.#client.patiently(() =>
      isGroupOffsetDecided(this.#client, this.#groupId, topic, 0)
    );
    if (isKeyDecided && !records.includes(true)) return "nothing";
    return isKeyDecided || records.length === 0 || records.includes(false) ? "a part" : "all";
  }

  /** Ends what was left so, as the coordinator had decided. */
  async #decide(undecided: Undecided): Promise<void> {
    const { topic, onNotice } = this.#options;
    // The key is written last: a batch that hangs in every partition is whole, and may as well be
    // committed as written once more. Of a part, the rest may be there or gone.
    if (this.#wasCommitted === undefined && undecided === "a part") throw this.#undecided();
    const commit = this.#wasCommitted ?? true;
    const { partitions } = await this.#client.quickly(() => this.#client.topic(topic));
    await this.#producer.addPartitions(topic, partitions.map(({ partition }) => partition));
    await this.#producer.addGroup(this.#groupId);
    await this.#producer.end(commit);
    const done = commit ? "committed" : "aborted";
    onNotice?.(`topic "${topic}" had a batch that a broker left undecided: it is ${done} now`);
  }

  #addKey(batchId: number): Promise<void> {
    const offset = BigInt(batchId) + 1n;
    return this.#producer.addGroupOffset(this.#groupId, this.#options.topic, 0, offset);
  }

  /** Takes the open transaction back, so that readers need not wait for the next `init` to do it. */
  async #abort(): Promise<void> {
    // It stays unsettled: of a write that failed, nobody knows which sequence numbers it used.
    await this.#producer.end(false).catch(() => {});
  }

  #progressLost(batchId: number): SluiceError {
    const { topic } = this.#options;
    return new SluiceError("PROGRESS_LOST", {
      attempted: `write batch ${batchId} to Kafka topic "${topic}"`,
      where: `consumer group "${this.#groupId}"`,
      found: "no offset: nobody knows which batches of this query the topic has",
      wanted: `offset ${batchId} for partition 0, after batch ${batchId - 1}`,
      hint:
        "the sink was added to the query later, or its topic was made anew: then fill a topic " +
        "with a query of its own, from an empty checkpointLocation. Or the query was down for " +
        "longer than the brokers keep offsets: then look whether the topic ends with batch " +
        `${batchId - 1} or ${batchId}, and say so with \`deno task topics reset-offset ` +
        `${this.#groupId} ${topic} 0 ${batchId}\` (or ${batchId + 1})`,
    });
  }

  #behind(seen: number, held: number): SluiceError {
    return new SluiceError("SINK_BEHIND", {
      attempted: "go on after the connection to a broker was lost",
      where: `topic "${this.#options.topic}", consumer group "${this.#groupId}"`,
      found: held < 0 ? "no batch" : `batch ${held}`,
      wanted: `batch ${seen}, which this run has seen there`,
      hint:
        "a broker lost the end of its transaction, or someone reset the group: look whether the " +
        `topic ends with batch ${seen} before the query is started again`,
    });
  }

  #undecided(): SluiceError {
    const { topic } = this.#options;
    return new SluiceError("TRANSACTION_UNDECIDED", {
      attempted: "end a transaction that a broker left undecided",
      where: `topic "${topic}", consumer group "${this.#groupId}"`,
      found:
        "a part of a batch that is neither committed nor aborted, though its transaction is over",
      wanted: "to know how it was decided, which the broker and the run that fenced it forgot",
      hint:
        "see what hangs with `kafka-transactions.sh find-hanging`. If nothing of the batch can be " +
        "read from the topic, end all of it with `kafka-transactions.sh abort`, in the topic and in " +
        "__consumer_offsets, and start the query again. Else the rest of the batch is missing: fill " +
        "a new topic with a query of its own, from an empty checkpointLocation",
    });
  }

  #ahead(batchId: number, held: number): SluiceError {
    return new SluiceError("SINK_AHEAD", {
      attempted: `write batch ${batchId}`,
      where: `topic "${this.#options.topic}", consumer group "${this.#groupId}"`,
      found: `batch ${held}`,
      wanted: `at most batch ${batchId}`,
      hint: "the checkpoint is older than the topic: restore the newer one, or begin a new query " +
        "with an empty checkpointLocation",
    });
  }
}
