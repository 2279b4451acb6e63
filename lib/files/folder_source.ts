import {
  type BatchLimits,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  SluiceError,
  type Source,
} from "../core/mod.ts";
import { FileChecker, LOSS_HINT } from "./check_file.ts";
import type { FileFormat } from "./file_format.ts";
import { FileLog, type LoggedFile } from "./file_log.ts";
import type { FilePattern } from "./file_pattern.ts";
import { FolderReader, type FoundFiles } from "./folder_reader.ts";
import { type FileStatus, fileStatus, listFiles } from "./list_files.ts";

/** What files a source reads, and how. */
export interface FolderOptions {
  /** As the user wrote it. */
  readonly path: string;
  readonly pattern: FilePattern;
  /** What its topic is called. */
  readonly topic: string;
  readonly format: FileFormat;
  readonly limits: BatchLimits;
  readonly maxFilesPerTrigger: number | undefined;
}

/** Files noted at a time, so that a crash need not count them all again. */
const FILES_AT_ONCE = 100;
/** Known files looked at each time, in turn: sooner or later a change of any of them is seen. */
const FILES_CHECKED = 64;

/**
 * The files of a folder as one partition of records. New files are taken up in the order in which
 * they were last written, and noted with the number of their records before anyone hears of them;
 * from then on each record has its offset.
 */
export class FolderSource implements Source {
  readonly description: string;
  readonly failOnDataLoss = true;
  readonly lossHint: string = LOSS_HINT;
  readonly limits: BatchLimits;
  readonly #options: FolderOptions;
  readonly #checker: FileChecker;
  #log: FileLog | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** Where the checks of known files go on. */
  #nextCheck = 0;

  /** Does not look into the folder yet. */
  constructor(options: FolderOptions) {
    this.description = `FileStreamSource[${options.path}]`;
    this.limits = options.limits;
    this.#options = options;
    this.#checker = new FileChecker(options.pattern.root, options.format);
  }

  async open(folder: string): Promise<void> {
    this.#log = await FileLog.open(folder, this.#options.format.kind);
  }

  identities(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    signal.throwIfAborted();
    return Promise.resolve({ [this.#options.topic]: this.#files().log.id });
  }

  initialOffsets(signal: AbortSignal): Promise<Offsets> {
    return this.earliestOffsets(signal);
  }

  async earliestOffsets(signal: AbortSignal): Promise<Offsets> {
    signal.throwIfAborted();
    await listFiles(this.#options.pattern);
    return this.#offsets(0);
  }

  async latestOffsets(signal: AbortSignal): Promise<Offsets> {
    // One at a time: two would note the same files twice.
    const found = this.#turn.then(() => this.#discover(signal));
    this.#turn = found.catch(() => {});
    await found;
    return this.#offsets(this.#files().log.endOffset);
  }

  logEndOffsets(): Promise<Offsets> {
    return Promise.resolve(this.#offsets(this.#files().log.endOffset));
  }

  planEnd(start: Offsets, latest: Offsets): Offsets {
    const { maxFilesPerTrigger = Infinity } = this.#options;
    const { maxOffsetsPerTrigger = Infinity } = this.limits;
    const from = Number(start[this.#options.topic]?.[0] ?? 0n);
    const last = Number(latest[this.#options.topic]?.[0] ?? 0n);
    let end = Math.min(last, from + maxOffsetsPerTrigger);
    let files = 0;
    for (const { firstOffset, records } of this.#files().log.filesFrom(from)) {
      if (++files < maxFilesPerTrigger && firstOffset + records < end) continue;
      end = Math.min(end, firstOffset + records);
      break;
    }
    return this.#offsets(Math.max(from, end));
  }

  read(start: Offsets, end: Offsets, options: ReadOptions): RangeReader {
    return new FolderReader(this.#files(), start, end, options);
  }

  publishProgress(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.#options.format.close();
  }

  #offsets(offset: number): Offsets {
    return { [this.#options.topic]: { 0: BigInt(offset) } };
  }

  #files(): FoundFiles {
    const { path, topic, format, pattern: { root } } = this.#options;
    const log = this.#log;
    if (log !== undefined) return { root, topic, log, format, checker: this.#checker };
    throw new SluiceError("SOURCE_NOT_OPEN", {
      attempted: `read the files of ${path}`,
      found: "no folder to note in which files were found",
      wanted: "open(folder) before all else",
      hint: "a query opens its sources itself; who reads one without a query has to",
    });
  }

  /** Notes the files that are new. */
  async #discover(signal: AbortSignal): Promise<void> {
    const { log, root, format } = this.#files();
    const names = await listFiles(this.#options.pattern);
    await this.#checkSome(names, signal);
    const statuses: FileStatus[] = [];
    for (const name of names) {
      const status = log.get(name) === undefined ? await fileStatus(root, name) : undefined;
      if (status !== undefined) statuses.push(status);
    }
    const found: Omit<LoggedFile, "firstOffset">[] = [];
    for (const status of statuses.sort(inOrder)) {
      signal.throwIfAborted();
      const counted = await format.count(`${root}/${status.name}`, signal);
      // A file that is still being written is found another time.
      if (await isAsBefore(root, status)) found.push({ ...status, ...counted });
      if (found.length === FILES_AT_ONCE) await log.add(found.splice(0));
    }
    await log.add(found);
  }

  async #checkSome(names: readonly string[], signal: AbortSignal): Promise<void> {
    const { log, root } = this.#files();
    for (let i = 0; i < Math.min(FILES_CHECKED, names.length); i++) {
      const name = names[this.#nextCheck++ % names.length]!;
      const file = log.get(name);
      const status = file === undefined ? undefined : await fileStatus(root, name);
      if (file !== undefined && status !== undefined) {
        await this.#checker.checkStatus(file, status, signal);
      }
    }
  }
}

function inOrder(a: FileStatus, b: FileStatus): number {
  return a.modifiedMs - b.modifiedMs || (a.name < b.name ? -1 : 1);
}

async function isAsBefore(root: string, status: FileStatus): Promise<boolean> {
  const now = await fileStatus(root, status.name);
  return now?.size === status.size && now.modifiedMs === status.modifiedMs;
}
