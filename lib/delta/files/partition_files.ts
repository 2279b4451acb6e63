import {
  type Batch,
  concatBatches,
  makeFolder,
  SluiceError,
  syncFolder,
  writeFlushed,
} from "../../core/mod.ts";
import { encodeParquet, type ParquetCompression } from "../../parquet/mod.ts";
import type { PartitionValues } from "../protocol/actions.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import { fileStats } from "./file_stats.ts";
import { encodePath, partitionFolder } from "../protocol/partition_values.ts";
import {
  type PartitionRows,
  rejectPartitionValues,
  splitByPartition,
} from "./split_by_partition.ts";
import { storedRows } from "./stored_rows.ts";
import type { TableLayout } from "./table_layout.ts";

/** How many files may be on their way to the disk while the next one is encoded. */
const MAX_FILES_IN_FLIGHT = 4;
/** Rows that wait for their file may take this much memory, in bytes, all partitions together. */
const MAX_BUFFERED_BYTES = 256 * 2 ** 20;
/** How much smaller rows are in a file than in memory, until files have been written. */
const FIRST_RATIO = 0.25;
/** Files of fewer rows, in bytes of memory, say nothing: they are mostly footer. */
const MIN_SAMPLE_BYTES = 2 ** 16;
/** A file may be this much larger than wanted, so that no small rest is left over. */
const TOLERANCE = 1.25;

const EXTENSIONS: Readonly<Record<ParquetCompression, string>> = {
  uncompressed: ".c000.parquet",
  snappy: ".c000.snappy.parquet",
  gzip: ".c000.gz.parquet",
  brotli: ".c000.br.parquet",
  zstd: ".c000.zstd.parquet",
  lz4_raw: ".c000.lz4.parquet",
};
const PREFIX_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyz";

/** A Parquet file that was written and flushed. */
export interface WrittenFile {
  /** URI-encoded, relative to the table. */
  readonly path: string;
  /** By the names that the log has. */
  readonly partitionValues: PartitionValues;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modificationTime: number;
  /** Statistics as JSON. */
  readonly stats: string;
}

/** Where files go, and how large they are to be. */
export interface PartitionFilesOptions {
  /** Below the table's folder, with a slash at the end; empty for the table's folder itself. */
  readonly folder: string;
  /** How names of files begin: `part`, `cdc`. */
  readonly prefix: string;
  /** About how many bytes a file is to have. */
  readonly targetFileBytes: number;
}

/** Rows of one partition that wait for their file. */
interface OpenPartition {
  readonly key: string;
  readonly partitionValues: PartitionValues;
  readonly kept: Batch[];
  /** Those of the newest batch, which are in it still. */
  newest: (() => Batch) | undefined;
  /** In memory. */
  bytes: number;
}

/**
 * Writes rows into Parquet files, each with rows of one partition. Memory is bounded: a partition's
 * rows go to a file when there are enough of them, and the largest partition's when all of them
 * together are too many.
 */
export class PartitionFiles {
  readonly #layout: TableLayout;
  readonly #options: PartitionFilesOptions;
  readonly #open = new Map<string, OpenPartition>();
  #bufferedBytes = 0;
  readonly #files: WrittenFile[] = [];
  readonly #names: string[] = [];
  readonly #inFlight: Promise<void>[] = [];
  readonly #folders = new Set<string>();
  #memoryBytes = 0;
  #fileBytes = 0;

  /** Makes a writer for the files of one commit; nothing is touched yet. */
  constructor(layout: TableLayout, options: PartitionFilesOptions) {
    this.#layout = layout;
    this.#options = options;
  }

  /** Takes rows; the batch must stay as it is from then on. */
  async write(batch: Batch): Promise<void> {
    for (const partition of this.#open.values()) keep(partition);
    const bytesPerRow = batch.byteSize / Math.max(batch.numRows, 1);
    this.#refusePartitionValues(batch);
    const rows = storedRows(batch, this.#layout);
    for (const part of splitByPartition(rows, this.#layout.partitionColumns)) {
      const partition = this.#partition(part);
      const bytes = part.numRows * bytesPerRow;
      partition.newest = part.batch;
      partition.bytes += bytes;
      this.#bufferedBytes += bytes;
      if (partition.bytes >= this.#maxPartitionBytes()) await this.#flush(partition);
    }
    while (this.#bufferedBytes > MAX_BUFFERED_BYTES) await this.#flush(this.#largest());
  }

  /** Writes what waits, and flushes everything to the disk. */
  async finish(): Promise<WrittenFile[]> {
    for (const partition of this.#open.values()) await this.#flush(partition);
    await this.#storage(async () => {
      await Promise.all(this.#inFlight);
      await Promise.all([...this.#folders].map((folder) => syncFolder(this.#location(folder))));
    });
    return this.#files;
  }

  /** Removes everything that was written; what cannot be removed stays. */
  async abort(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    await Promise.allSettled(this.#names.map((name) => Deno.remove(this.#location(name))));
  }

  /** Empty text is null in a partition: it would be read back as another value. */
  #refusePartitionValues(batch: Batch): void {
    const { path, partitionColumns } = this.#layout;
    const [rejection] = rejectPartitionValues(batch, 0, partitionColumns);
    if (rejection === undefined) return;
    throw new SluiceError("BAD_PARTITION_VALUE", {
      attempted: `write to Delta table ${path}`,
      where: `row ${rejection.index}`,
      found: `a row whose ${rejection.error}`,
      wanted: "null, or another value",
    });
  }

  #partition({ partitionValues }: PartitionRows): OpenPartition {
    const key = JSON.stringify(Object.values(partitionValues));
    let partition = this.#open.get(key);
    if (partition === undefined) {
      partition = { key, partitionValues, kept: [], newest: undefined, bytes: 0 };
      this.#open.set(key, partition);
    }
    return partition;
  }

  #largest(): OpenPartition {
    return [...this.#open.values()].reduce((a, b) => a.bytes >= b.bytes ? a : b);
  }

  /** The bytes in memory that make a file of the wanted size. */
  #maxPartitionBytes(): number {
    const ratio = this.#memoryBytes === 0 ? FIRST_RATIO : this.#fileBytes / this.#memoryBytes;
    return Math.min(this.#options.targetFileBytes / ratio, MAX_BUFFERED_BYTES);
  }

  async #flush(partition: OpenPartition): Promise<void> {
    keep(partition);
    const rows = concatBatches(partition.kept);
    const bytesPerRow = partition.bytes / rows.numRows;
    this.#bufferedBytes -= partition.bytes;
    this.#open.delete(partition.key);
    for (let start = 0; start < rows.numRows;) {
      const most = Math.max(1, Math.floor(this.#maxPartitionBytes() / bytesPerRow));
      const left = rows.numRows - start;
      const count = left <= most * TOLERANCE ? left : most;
      await this.#writeFile(partition.partitionValues, slice(rows, start, count), bytesPerRow);
      start += count;
    }
  }

  async #writeFile(
    partitionValues: PartitionValues,
    rows: Batch,
    bytesPerRow: number,
  ): Promise<void> {
    const { compression, mapping, prefixLength, indexed } = this.#layout;
    const { prefix } = this.#options;
    const number = this.#names.length;
    const folder = this.#options.folder +
      (prefixLength === undefined ? partitionFolder(partitionValues) : randomFolder(prefixLength));
    const name = `${folder}${prefix}-${String(number).padStart(5, "0")}-${crypto.randomUUID()}` +
      EXTENSIONS[compression];
    const contents = await encodeParquet(rows, { compression, rename: mapping.rename });
    await this.#storage(async () => {
      if (!this.#folders.has(folder)) await makeFolder(this.#location(folder));
      this.#folders.add(folder);
      // Waiting for the disk here also gives other work of the process its turn.
      await this.#inFlight[number - MAX_FILES_IN_FLIGHT];
    });
    this.#names.push(name);
    const written = writeFlushed(this.#location(name), contents);
    written.catch(() => {});
    this.#inFlight.push(written);
    const bytes = rows.numRows * bytesPerRow;
    if (bytes >= MIN_SAMPLE_BYTES) {
      this.#memoryBytes += bytes;
      this.#fileBytes += contents.length;
    }
    this.#files.push({
      path: encodePath(name),
      partitionValues: this.#inLog(partitionValues),
      size: contents.length,
      modificationTime: Date.now(),
      stats: fileStats(rows, {
        isIndexed: (field) => indexed.has(field),
        nameOf: mapping.physicalName,
      }),
    });
  }

  /** Partition values by the names that the log has. */
  #inLog(partitionValues: PartitionValues): PartitionValues {
    const { schema, mapping } = this.#layout;
    return Object.fromEntries(
      Object.entries(partitionValues).map(([name, value]) => {
        const field = schema.fields.find((field) => field.name === name);
        return [field === undefined ? name : mapping.physicalName(field), value];
      }),
    );
  }

  #location(name: string): string {
    return `${this.#layout.path}/${name}`.replace(/\/$/, "");
  }

  #storage<T>(step: () => Promise<T>): Promise<T> {
    const { path } = this.#layout;
    return withStorageErrors(`write data files of Delta table ${path}`, path, step);
  }
}

/** Copies rows out of the batch that they came with, so that it can be forgotten. */
function keep(partition: OpenPartition): void {
  if (partition.newest !== undefined) partition.kept.push(partition.newest());
  partition.newest = undefined;
}

function slice(rows: Batch, start: number, count: number): Batch {
  return count === rows.numRows
    ? rows
    : rows.take(Int32Array.from({ length: count }, (_, i) => start + i));
}

/** A folder of no meaning, so that stores which shard by path spread the load. */
function randomFolder(length: number): string {
  const characters = Array.from(
    crypto.getRandomValues(new Uint32Array(length)),
    (random) => PREFIX_CHARACTERS[random % PREFIX_CHARACTERS.length],
  );
  return `${characters.join("")}/`;
}
