import type { Admin, Consumer, EachBatchPayload } from "kafkajs";
import { badOption, refuseUnknownOptions, SluiceError } from "../core/mod.ts";
import { topicOffsets } from "../kafka/mod.ts";
import {
  agreedAssignments,
  committedOffsets,
  type GroupOfTopic,
  kafkajsClient,
  notStable,
  until,
} from "./group_state.ts";
import type { RecordText } from "./read_topic.ts";

/** A fetch that finds nothing waits so long; a member asks as often whether its group has changed. */
const LOOK_MS = 100;
/** The shortest that brokers allow by default. */
const SESSION_TIMEOUT_MS = 6_000;
const decoder = new TextDecoder();

/** A record as a member takes it, its headers left out. */
export type PolledRecord = Omit<RecordText, "headers">;

/** Who joins which group. */
export interface JoinGroupOptions extends GroupOfTopic {
  /** The member's name, another one for each. */
  readonly name: string;
}

/** A member of a consumer group, whose steps one takes one by one. */
export interface GroupMember {
  /** Its name. */
  readonly name: string;
  /** The next offset that it reads, for each of its partitions, as of the last call. */
  readonly positions: Readonly<Record<number, bigint>>;
  /**
   * Takes the next records, partition after partition, and moves the positions behind them; none,
   * if it has read all that is there. After the group has changed it goes on from the committed
   * offsets of the partitions that it has then.
   *
   * @param maxRecords the most that it takes; default: all.
   */
  poll(maxRecords?: number): Promise<readonly PolledRecord[]>;
  /**
   * Commits its positions: from there the group goes on, whoever reads then.
   *
   * @throws {SluiceError} `REBALANCED` if the group has changed since the last poll.
   */
  commit(): Promise<void>;
  /** Moves the position in a partition that it has; nothing is committed. */
  seek(partition: number, offset: bigint): void;
  /** Leaves the group, and commits nothing. */
  leave(): Promise<void>;
}

/**
 * Joins a consumer group, and returns when the group has agreed who reads what. A new group begins
 * with the earliest records. Nothing is committed by itself. Below it is kafkajs.
 *
 * @example
 * ```ts ignore
 * import { joinGroup } from "./group_member.ts";
 *
 * const brokers = ["127.0.0.1:9092"];
 * const ann = await joinGroup({ brokers, group: "bills", topic: "orders", name: "ann" });
 * for (const { value } of await ann.poll(10)) console.log(value);
 * await ann.commit();
 * await ann.leave();
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `TOPIC_NOT_FOUND`, `KAFKA_UNAVAILABLE`, `GROUP_NOT_STABLE`.
 */
export async function joinGroup(options: JoinGroupOptions): Promise<GroupMember> {
  refuseUnknownOptions("join a group", options, ["brokers", "group", "topic", "name"]);
  // Where there is no broker or no topic, this says so in words of our own.
  await topicOffsets({ brokers: options.brokers }, options.topic);
  const client = kafkajsClient(options.brokers, options.name);
  const admin = client.admin();
  const consumer = client.consumer({
    groupId: options.group,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: LOOK_MS,
    maxWaitTimeInMs: LOOK_MS,
  });
  const member = new KafkajsMember(options, consumer, admin);
  try {
    await admin.connect();
    await consumer.connect();
    await consumer.subscribe({ topics: [options.topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: (payload) => Promise.resolve(member.take(payload)),
    });
    await member.settle();
    return member;
  } catch (error) {
    await member.leave();
    throw error;
  }
}

/** What was fetched of a partition and not polled yet. */
interface Fetched {
  readonly records: PolledRecord[];
  /** The offset behind it. */
  readonly end: bigint;
}

class KafkajsMember implements GroupMember {
  readonly name: string;
  readonly #options: JoinGroupOptions;
  readonly #consumer: Consumer;
  readonly #admin: Admin;
  /** What kafkajs has been assigned; `undefined` before it has joined. */
  #assigned: readonly number[] | undefined;
  /** Known once the group has agreed. */
  #positions: Record<number, bigint> | undefined;
  readonly #fetched = new Map<number, Fetched>();

  constructor(options: JoinGroupOptions, consumer: Consumer, admin: Admin) {
    this.name = options.name;
    this.#options = options;
    this.#consumer = consumer;
    this.#admin = admin;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#assigned = (payload.memberAssignment[options.topic] ?? []).toSorted((a, b) => a - b);
      this.#positions = undefined;
      this.#fetched.clear();
    });
  }

  get positions(): Readonly<Record<number, bigint>> {
    return { ...this.#positions };
  }

  async poll(maxRecords = Infinity): Promise<readonly PolledRecord[]> {
    const positions = await this.settle();
    const { brokers, topic } = this.#options;
    const ends = (await topicOffsets({ brokers }, topic)).latest[topic] ?? {};
    const polled: PolledRecord[] = [];
    for (const [partition, position] of byPartition(positions)) {
      const end = ends[partition] ?? 0n;
      const fetched = position >= end
        ? { records: [], end: position }
        : await until(() => this.#fetchedTo(partition, end));
      if (fetched === undefined) {
        throw notStable(
          this.#options.group,
          `${topic}-${partition} not read to its end`,
          `offset ${end}`,
        );
      }
      polled.push(...fetched.records.splice(0, maxRecords - polled.length));
      positions[partition] = fetched.records[0]?.offset ?? fetched.end;
    }
    return polled;
  }

  async commit(): Promise<void> {
    if (this.#positions === undefined) {
      throw new SluiceError("REBALANCED", {
        attempted: `commit the positions of "${this.name}"`,
        found: "a group that has changed since the last poll",
        hint: "poll again: it goes on from what was committed before",
      });
    }
    const { topic } = this.#options;
    await this.#consumer.commitOffsets(
      byPartition(this.#positions).map(([partition, offset]) => ({
        topic,
        partition,
        offset: String(offset),
      })),
    );
  }

  seek(partition: number, offset: bigint): void {
    if (this.#positions?.[partition] === undefined) {
      throw badOption(
        `seek as "${this.name}"`,
        "partition",
        String(partition),
        `one of its own: ${this.#assigned?.join(", ") ?? "none"}`,
      );
    }
    this.#positions[partition] = offset;
    this.#fetched.delete(partition);
    this.#consumer.seek({ topic: this.#options.topic, partition, offset: String(offset) });
  }

  async leave(): Promise<void> {
    await this.#consumer.disconnect();
    await this.#admin.disconnect();
  }

  /** Called by kafkajs, for the records of one partition. */
  take({ batch, isStale }: EachBatchPayload): void {
    if (isStale()) return;
    const { partition } = batch;
    const records = batch.messages.map((message) => ({
      partition,
      offset: BigInt(message.offset),
      key: text(message.key),
      value: text(message.value),
      timestampMs: Number(message.timestamp),
    }));
    const before = this.#fetched.get(partition)?.records ?? [];
    this.#fetched.set(partition, {
      records: [...before, ...records],
      end: BigInt(batch.lastOffset()) + 1n,
    });
  }

  /** Waits until the group has agreed and this member knows it, too; returns the positions. */
  async settle(): Promise<Record<number, bigint>> {
    const settled = await until(async () => {
      const agreed = (await agreedAssignments(this.#admin, this.#options))[this.name];
      return String(agreed) === String(this.#assigned) ? agreed : undefined;
    });
    if (settled === undefined) throw notStable(this.#options.group, "no agreement", "one");
    this.#positions ??= await this.#startOf(settled);
    return this.#positions;
  }

  async #startOf(partitions: readonly number[]): Promise<Record<number, bigint>> {
    const { brokers, topic } = this.#options;
    const committed = await committedOffsets(this.#admin, this.#options);
    const earliest = (await topicOffsets({ brokers }, topic)).earliest[topic] ?? {};
    return Object.fromEntries(
      partitions.map((partition) => [
        partition,
        committed[partition] ?? earliest[partition] ?? 0n,
      ]),
    );
  }

  #fetchedTo(partition: number, end: bigint): Fetched | undefined {
    const fetched = this.#fetched.get(partition);
    return fetched !== undefined && fetched.end >= end ? fetched : undefined;
  }
}

/** Partitions are the names of properties, and therefore text and in order. */
function byPartition(offsets: Readonly<Record<number, bigint>>): (readonly [number, bigint])[] {
  return Object.entries(offsets).map(([partition, offset]) => [Number(partition), offset]);
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : decoder.decode(bytes);
}
