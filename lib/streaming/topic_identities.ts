import { type Offsets, SluiceError, type Source } from "../core/mod.ts";
import type { Checkpoint, Recovery } from "./checkpoint.ts";

/**
 * Tells a topic from another topic of the same name: offsets mean nothing in a topic that was
 * deleted and made anew.
 */
export class TopicIdentities {
  readonly #checkpoint: Checkpoint;
  readonly #source: Source;
  #known: Readonly<Record<string, string>> = {};

  /** For one run of a query. */
  constructor(checkpoint: Checkpoint, source: Source) {
    this.#checkpoint = checkpoint;
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
    recovery: Recovery,
    signal: AbortSignal,
    onNotice: (message: string) => void,
  ): Promise<Offsets> {
    const { identities: known, restart } = await this.#checkpoint.topics();
    const [recreated] = changedTopics(known, found);
    let position = recovery.position;
    if (position === undefined) {
      position = await this.#source.initialOffsets(signal);
      await this.#checkpoint.writeInitialOffsets(position);
    } else if (recreated !== undefined) {
      if (this.#source.failOnDataLoss || recovery.replay !== undefined) {
        throw recreatedTopic(this.#source, recreated, known, found);
      }
      const earliest = await this.#source.earliestOffsets(signal);
      const topics = changedTopics(known, found);
      const offsets = Object.fromEntries(topics.map((topic) => [topic, earliest[topic]!]));
      onNotice(`deleted and made anew, so read from the beginning: topic ${topics.join(", ")}`);
      // Together: a crash in between must not make an old position fit a new topic.
      const afterBatchId = recovery.committedBatchId;
      await this.#checkpoint.writeTopics({ identities: found, restart: { afterBatchId, offsets } });
      this.#known = found;
      return { ...position, ...offsets };
    }
    await this.#checkpoint.writeTopics({
      identities: found,
      ...(restart === undefined ? {} : { restart }),
    });
    this.#known = found;
    return position;
  }

  /**
   * To be called before each batch.
   *
   * @throws {SluiceError} `TOPIC_RECREATED` if a topic is no longer the one it was.
   */
  async check(signal: AbortSignal): Promise<void> {
    const found = await this.#source.identities(signal);
    const [recreated] = changedTopics(this.#known, found);
    if (recreated !== undefined) throw recreatedTopic(this.#source, recreated, this.#known, found);
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
