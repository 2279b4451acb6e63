import { formatOffsets, isRecord, type Offsets, SluiceError } from "../../core/mod.ts";
import type { CheckpointFiles } from "../environment.ts";
import { MetadataLog } from "./metadata_log.ts";
import { offsetsIn } from "./offset_entry.ts";

/** What a query knows of its topics beyond their names. */
export interface TopicRecord {
  /** The identity of each topic when the query last saw it. */
  readonly identities: Readonly<Record<string, string>>;
  /** Set when topics were made anew and are read from their beginning, whatever was read before. */
  readonly restart?: {
    /** The batch after which they are. */
    readonly afterBatchId: number;
    /** Where the next batch begins in these topics. */
    readonly offsets: Offsets;
  };
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** What a checkpoint knows of one source beside the ends of batches. */
export class SourceLog {
  readonly #files: CheckpointFiles;
  readonly #log: MetadataLog;
  readonly #topicsPath: string;
  readonly #learnedPath: string;

  /** Of the source with this number. */
  constructor(files: CheckpointFiles, location: string, source: number) {
    this.#files = files;
    this.#log = new MetadataLog(files, `${location}/sources/${source}`, "\0");
    // The first has the name from when there was only one.
    const name = source === 0 ? "topics.json" : `topics.${source}.json`;
    this.#topicsPath = `${location}/sluice/${name}`;
    this.#learnedPath = `${location}/sluice/columns.${source}.json`;
  }

  /** The file that says where batch 0 starts. */
  get initialPath(): string {
    return this.#log.path(0);
  }

  /** Makes its folder if it is absent. */
  create(): Promise<void> {
    return this.#log.create();
  }

  /** Where batch 0 starts; `undefined` if that was never written. */
  async initialOffsets(): Promise<Offsets | undefined> {
    const lines = await this.#log.get(0);
    return lines === undefined ? undefined : offsetsIn(lines[0], this.initialPath);
  }

  /** Writes where batch 0 starts. */
  async writeInitialOffsets(offsets: Offsets): Promise<void> {
    await this.#log.add(0, [formatOffsets(offsets)]);
  }

  /**
   * What is known of the topics; no identities before the first `writeTopics`.
   *
   * @throws {SluiceError} `BAD_CHECKPOINT` if the file is damaged.
   */
  async topics(): Promise<TopicRecord> {
    const contents = await this.#files.read(this.#topicsPath);
    if (contents === undefined) return { identities: {} };
    const text = decoder.decode(contents);
    try {
      const { identities, restart } = JSON.parse(text);
      if (!isRecord(identities)) throw new TypeError("no identities");
      const known = identities as Record<string, string>;
      if (restart === undefined) return { identities: known };
      const offsets = offsetsIn(restart.offsets, this.#topicsPath);
      return {
        identities: known,
        restart: { afterBatchId: Number(restart.afterBatchId), offsets },
      };
    } catch (cause) {
      throw new SluiceError("BAD_CHECKPOINT", {
        attempted: "read what the query knows of its topics",
        where: this.#topicsPath,
        found: JSON.stringify(text.slice(0, 80)),
        wanted: '{"identities":{"topic":"id"}}',
        hint:
          "the file is damaged: restore the checkpoint from a backup, or remove this file to go " +
          "on without noticing whether a topic was deleted and made anew",
        cause,
      });
    }
  }

  /** Notes what is known of the topics, durably and all at once. */
  async writeTopics({ identities, restart }: TopicRecord): Promise<void> {
    const text = JSON.stringify({
      identities,
      ...(restart === undefined ? {} : {
        restart: {
          afterBatchId: restart.afterBatchId,
          offsets: formatOffsets(restart.offsets),
        },
      }),
    });
    await this.#files.replace(this.#topicsPath, encoder.encode(text));
  }

  /** What the source's decoder has learned; `undefined` before the first `writeLearned`. */
  async learned(): Promise<string | undefined> {
    const contents = await this.#files.read(this.#learnedPath);
    return contents === undefined ? undefined : decoder.decode(contents);
  }

  /** Notes what the source's decoder has learned, durably and all at once. */
  async writeLearned(learned: string): Promise<void> {
    await this.#files.replace(this.#learnedPath, encoder.encode(learned));
  }
}
