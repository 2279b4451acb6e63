import { makeFolder, putIfAbsent, SluiceError } from "../core/mod.ts";

const VERSION = "v1";
const encoder = new TextEncoder();

/**
 * A folder of small numbered files, each written once and for ever, as Spark keeps its offset log
 * and its commit log: the first line is `v1`, what follows is one JSON object a line.
 */
export class MetadataLog {
  readonly #folder: string;
  readonly #prefix: string;

  /** `prefix` goes before the version line (Spark begins the log of a source with a NUL). */
  constructor(folder: string, prefix = "") {
    this.#folder = folder;
    this.#prefix = prefix;
  }

  /** Makes the folder if it is absent. */
  async create(): Promise<void> {
    await makeFolder(this.#folder);
  }

  /** The numbers in the log, ascending. */
  async ids(): Promise<number[]> {
    const ids: number[] = [];
    for await (const { name } of Deno.readDir(this.#folder)) {
      if (/^\d+$/.test(name)) ids.push(Number(name));
    }
    return ids.sort((a, b) => a - b);
  }

  /** The greatest number in the log; -1 if it is empty. */
  async latestId(): Promise<number> {
    return (await this.ids()).at(-1) ?? -1;
  }

  /** Writes entry `id`, durably, unless there is one; returns whether it was written. */
  add(id: number, lines: readonly string[]): Promise<boolean> {
    const text = this.#prefix + [VERSION, ...lines].join("\n");
    return putIfAbsent(this.path(id), encoder.encode(text));
  }

  /**
   * The lines of entry `id` after the version line; `undefined` if there is no such entry.
   *
   * @throws {SluiceError} `BAD_CHECKPOINT` if the file is of another version.
   */
  async get(id: number): Promise<string[] | undefined> {
    let text: string;
    try {
      text = await Deno.readTextFile(this.path(id));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
    const [version, ...lines] = text.replace(/^\0/, "").split("\n");
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
    try {
      await Deno.remove(this.path(id));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** The file of entry `id`. */
  path(id: number): string {
    return `${this.#folder}/${id}`;
  }
}
