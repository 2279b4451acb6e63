import { type Offsets, SluiceError, type Source } from "../../core/mod.ts";
import type { SourceLog, TopicRecord } from "./source_log.ts";

/** Where a source stands when a query starts. */
export interface SourceRecovery {
  /** The newest batch that is done; -1 if none is. */
  readonly committedBatchId: number;
  /** Where the next new batch starts; `undefined` if none was planned yet. */
  readonly position: Offsets | undefined;
  /** True if a planned batch is to be run again. */
  readonly isReplayed: boolean;
}

/**
 * Tells a topic from another topic of the same name: offsets mean nothing in a topic that was
 * deleted and made anew.
 */
export class TopicIdentities {
  readonly #log: SourceLog;
  readonly #source: Source;
  #record: TopicRecord = { identities: {} };

  /** For one run of a query. */
  constructor(log: SourceLog, source: Source) {
    this.#log = log;
    this.#source = source;
  }

  /**
   * Where the query reads next: for a new query the source's first offsets, which are written down;
   * else where it stopped. `found` are the source's identities as they are now.
   *
   * @throws {SluiceError} `TOPIC_RECREATED` if a topic is not the one the query began with. With
   * `failOnDataLoss` off it is read from its beginning instead, unless a planned batch is to be run
   * again.
   */
  async begin(
    found: Readonly<Record<string, string>>,
    recovery: SourceRecovery,
    signal: AbortSignal,
    onNotice: (message: string) => void,
  ): Promise<Offsets> {
    const { identities: known, restart } = await this.#log.topics();
    const topics = changedTopics(known, found);
    let { position } = recovery;
    if (position === undefined) {
      position = await this.#source.initialOffsets(signal);
      await this.#log.writeInitialOffsets(position);
    } else if (topics.length > 0) {
      if (this.#source.failOnDataLoss || recovery.isReplayed) {
        throw recreatedTopic(this.#source, topics[0]!, known, found);
      }
      const earliest = await this.#source.earliestOffsets(signal);
      const offsets = Object.fromEntries(topics.map((topic) => [topic, earliest[topic]!]));
      onNotice(`deleted and made anew, so read from the beginning: topic ${topics.join(", ")}`);
      // Together: a crash in between must not make an old position fit a new topic.
      const afterBatchId = recovery.committedBatchId;
      const identities = { ...known, ...found };
      await this.#note({ identities, restart: { afterBatchId, offsets } });
      return { ...position, ...offsets };
    }
    const identities = { ...known, ...found };
    await this.#note({ identities, ...(restart === undefined ? {} : { restart }) });
    return position;
  }

  /**
   * To be called before each batch is planned. Topics that are new are written down, so that they are
   * known by the time that offsets of theirs are.
   *
   * @throws {SluiceError} `TOPIC_RECREATED` if a topic is no longer the one it was.
   */
  async check(signal: AbortSignal): Promise<void> {
    const found = await this.#source.identities(signal);
    const known = this.#record.identities;
    const [recreated] = changedTopics(known, found);
    if (recreated !== undefined) throw recreatedTopic(this.#source, recreated, known, found);
    if (Object.keys(found).every((topic) => known[topic] !== undefined)) return;
    await this.#note({ ...this.#record, identities: { ...known, ...found } });
  }

  async #note(record: TopicRecord): Promise<void> {
    await this.#log.writeTopics(record);
    this.#record = record;
  }
}

function changedTopics(
  known: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): string[] {
  return Object.keys(found).filter((topic) =>
    known[topic] !== undefined && known[topic] !== found[topic]
  );
}

function recreatedTopic(
  { lossHint }: Source,
  topic: string,
  known: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): SluiceError {
  return new SluiceError("TOPIC_RECREATED", {
    attempted: `go on reading topic "${topic}"`,
    found: `topic id ${found[topic]}`,
    wanted: `${known[topic]}, as when the query began`,
    hint: lossHint ??
      "the topic was deleted and made anew, so the stored offsets mean nothing in it: start a " +
        "new query with an empty checkpointLocation, or set failOnDataLoss to false to read the new " +
        "topic from its beginning",
  });
}
