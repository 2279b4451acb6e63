/** What producers wrote down of the numbers of their records. */
export interface ProducerLog {
  /** Behind the last number that may have been sent. */
  readonly end: number;
  /** Ranges `[start, end)` that have arrived. */
  readonly arrived: readonly (readonly [start: number, end: number])[];
}

/** Writes down what is about to be sent, and what has arrived. */
export class ProducerLogWriter implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** Goes on behind what others wrote. */
  static open(path: string): ProducerLogWriter {
    return new ProducerLogWriter(Deno.openSync(path, { append: true, create: true }));
  }

  /** Writes down a range `[start, end)`; when it returns, a kill cannot undo it. */
  note(what: "sending" | "arrived", start: number, end: number): void {
    // What a line that was cut off has in front stays a line of its own.
    this.#file.writeSync(new TextEncoder().encode(`\n${what} ${start} ${end}.`));
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** Reads the log of all producers there were; a line that was cut off says nothing. */
export async function readProducerLog(path: string): Promise<ProducerLog> {
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  const arrived: [number, number][] = [];
  let last = 0;
  for (const [, what, start, end] of text.matchAll(/^(sending|arrived) (\d+) (\d+)\.$/gm)) {
    if (what === "arrived") arrived.push([Number(start), Number(end)]);
    last = Math.max(last, Number(end));
  }
  return { end: last, arrived };
}
