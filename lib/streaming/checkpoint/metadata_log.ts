import { SluiceError } from "../../core/mod.ts";
import type { CheckpointFiles } from "../environment.ts";

const VERSION = "v1";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A folder of small numbered files, each written once and for ever, as Spark keeps its offset log
 * and its commit log: the first line is `v1`, what follows is one JSON object a line.
 */
export class MetadataLog {
  readonly #files: CheckpointFiles;
  readonly #folder: string;
  readonly #prefix: string;

  /** `prefix` goes before the version line (Spark begins the log of a source with a NUL). */
  constructor(files: CheckpointFiles, folder: string, prefix = "") {
    this.#files = files;
    this.#folder = folder;
    this.#prefix = prefix;
  }

  /** Makes the folder if it is absent; else flushes what is in it. */
  async create(): Promise<void> {
    await this.#files.makeFolder(this.#folder);
  }

  /** The numbers in the log, ascending. */
  async ids(): Promise<number[]> {
    const names = await this.#files.list(this.#folder);
    return names.filter((name) => /^\d+$/.test(name)).map(Number).sort((a, b) => a - b);
  }

  /** The greatest number in the log; -1 if it is empty. */
  async latestId(): Promise<number> {
    return (await this.ids()).at(-1) ?? -1;
  }

  /** Writes entry `id`, durably, unless there is one; returns whether it was written. */
  add(id: number, lines: readonly string[]): Promise<boolean> {
    const text = this.#prefix + [VERSION, ...lines].join("\n");
    return this.#files.putIfAbsent(this.path(id), encoder.encode(text));
  }

  /**
   * The lines of entry `id` after the version line; `undefined` if there is no such entry.
   *
   * @throws {SluiceError} `BAD_CHECKPOINT` if the file is of another version.
   */
  async get(id: number): Promise<string[] | undefined> {
    const contents = await this.#files.read(this.path(id));
    if (contents === undefined) return undefined;
    const [version, ...lines] = decoder.decode(contents).replace(/^\0/, "").split("\n");
    if (version !== VERSION) {
      throw new SluiceError("BAD_CHECKPOINT", {
        attempted: "read the checkpoint",
        where: this.path(id),
        found: `version ${JSON.stringify(version)}`,
        wanted: `"${VERSION}"`,
        hint: "it was written by something newer, or damaged",
      });
    }
    return lines;
  }

  /** Removes entry `id` if it is there. */
  async remove(id: number): Promise<void> {
    await this.#files.remove(this.path(id));
  }

  /** The file of entry `id`. */
  path(id: number): string {
    return `${this.#folder}/${id}`;
  }
}
