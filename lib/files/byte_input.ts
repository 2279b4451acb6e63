import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { errorText } from "../core/mod.ts";
import { openFile, readFully, unreadable } from "./open_file.ts";

const GZIP_CHUNK_BYTES = 64 * 1024;

/**
 * The bytes of a file from its beginning; decompressed where its name ends in `.gz`, which may be
 * several gzip files one behind the other.
 */
export interface ByteInput extends AsyncDisposable {
  /** Fills `into`; returns how many bytes there were, fewer only at the end. */
  fill(into: Uint8Array): Promise<number>;
  /** What the file system says of the file. */
  stat(): Promise<Deno.FileInfo>;
}

/**
 * Opens a file.
 *
 * @throws {SluiceError} `FILE_MISSING`, `FILE_UNREADABLE`; the latter from `fill` too if the file
 * is not as compressed as its name says.
 */
export async function openInput(path: string): Promise<ByteInput> {
  const file = await openFile(path);
  if (path.endsWith(".gz")) return new GzipInput(file, path);
  return {
    fill: (into) => readFully(file, into),
    stat: () => file.stat(),
    [Symbol.asyncDispose]() {
      file.close();
      return Promise.resolve();
    },
  };
}

class GzipInput implements ByteInput {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #source: Readable;
  readonly #gunzip = createGunzip();
  readonly #chunks: AsyncIterator<Uint8Array>;
  /** What was decompressed and not yet asked for. */
  #rest: Uint8Array = new Uint8Array();

  constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
    this.#source = Readable.from(chunksOf(file));
    // What goes wrong on the way comes out at its end.
    pipeline(this.#source, this.#gunzip, () => {});
    this.#chunks = this.#gunzip[Symbol.asyncIterator]();
  }

  async fill(into: Uint8Array): Promise<number> {
    let length = 0;
    while (length < into.length) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#read();
        if (done) break;
        this.#rest = value;
      }
      const some = this.#rest.subarray(0, into.length - length);
      into.set(some, length);
      length += some.length;
      this.#rest = this.#rest.subarray(some.length);
    }
    return length;
  }

  stat(): Promise<Deno.FileInfo> {
    return this.#file.stat();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isClosed = this.#source.closed
      ? Promise.resolve()
      : new Promise((resolve) => this.#source.once("close", resolve));
    this.#gunzip.destroy();
    this.#source.destroy();
    // Not in the middle of a read.
    await isClosed;
    this.#file.close();
  }

  async #read(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.#chunks.next();
    } catch (cause) {
      throw unreadable(this.#path, errorText(cause), "a whole gzip file, as its name says", cause);
    }
  }
}

async function* chunksOf(file: Deno.FsFile): AsyncGenerator<Uint8Array> {
  for (;;) {
    const chunk = new Uint8Array(GZIP_CHUNK_BYTES);
    const length = await readFully(file, chunk);
    if (length > 0) yield chunk.subarray(0, length);
    if (length < chunk.length) return;
  }
}
