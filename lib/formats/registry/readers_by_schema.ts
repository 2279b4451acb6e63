import type { RecordBlock } from "../../core/mod.ts";
import { describeNoSchemaId, NO_SCHEMA_ID, schemaIdAt } from "./wire_format.ts";

/** How many schemas are asked for at once: bytes that are no ids could ask for many. */
const REQUESTS_AT_ONCE = 8;

/**
 * What reads the records of each schema id, made when the first record with that id comes. Where a
 * schema cannot be read with, a text says why, until the next block: then it is asked for again, as
 * what was not in the registry may be there by then.
 */
export class ReadersBySchema<Reader extends object> {
  readonly #readers = new Map<number, Reader | string>();
  readonly #make: (id: number) => Promise<Reader | string>;

  /** `make` gives what reads the records of an id, or says why nothing can. */
  constructor(make: (id: number) => Promise<Reader | string>) {
    this.#make = make;
  }

  /** The schema ids of a block that no reader is known for. */
  newIds({ bytes, count, valueStarts, valueEnds }: RecordBlock): number[] {
    const ids = new Set<number>();
    let last = NO_SCHEMA_ID;
    for (let index = 0; index < count; index++) {
      const start = valueStarts[index]!;
      const id = start < 0 ? NO_SCHEMA_ID : schemaIdAt(bytes, start, valueEnds[index]!);
      if (id === last || id === NO_SCHEMA_ID) continue;
      last = id;
      if (typeof this.#readers.get(id) !== "object") ids.add(id);
    }
    return [...ids];
  }

  /**
   * Makes readers for these ids, and forgets what it said of others that have none: bytes that are
   * no ids would fill the memory with reasons.
   *
   * @throws {SluiceError} if the registry is away.
   */
  async learn(ids: readonly number[]): Promise<void> {
    for (const [id, reader] of this.#readers) {
      if (typeof reader === "string" && !ids.includes(id)) this.#readers.delete(id);
    }
    for (let i = 0; i < ids.length; i += REQUESTS_AT_ONCE) {
      await Promise.all(
        ids.slice(i, i + REQUESTS_AT_ONCE).map(async (id) => {
          this.#readers.set(id, await this.#make(id));
        }),
      );
    }
  }

  /** What reads the record in `bytes[start, end)`, once its id is learned, or why nothing does. */
  readerAt(bytes: Uint8Array, start: number, end: number): Reader | string {
    const id = schemaIdAt(bytes, start, end);
    if (id === NO_SCHEMA_ID) return describeNoSchemaId(bytes, start, end);
    const reader = this.#readers.get(id);
    return typeof reader === "object" ? reader : withId(id, reader ?? "was not asked for");
  }
}

/** Says of an error in a record which schema it was read with. */
export function withId(id: number, error: string): string {
  return `schema id ${id}: ${error}`;
}
