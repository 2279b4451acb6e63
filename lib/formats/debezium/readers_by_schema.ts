import { type ConnectType, parseConnectType } from "./connect_type.ts";

/** A table has few schemas in its life; a topic with more is none of Debezium's. */
const MAX_READERS = 256;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Readers made for the schemas that stand beside records, each once. */
export class ReadersBySchema<Reader> {
  readonly #make: (type: ConnectType) => Reader;
  readonly #byText = new Map<string, Reader | string>();

  /** `make` makes the reader for a schema. */
  constructor(make: (type: ConnectType) => Reader) {
    this.#make = make;
  }

  /** The reader for the schema in `bytes[start, end)`, which is JSON; text if it is no schema. */
  readerOf(bytes: Uint8Array, start: number, end: number): Reader | string {
    const text = utf8.decode(bytes.subarray(start, end));
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const type = parseConnectType(JSON.parse(text));
    const reader = type === undefined
      ? `field "schema": found ${text.slice(0, 60)}, wanted a schema of Kafka Connect`
      : this.#make(type);
    if (this.#byText.size >= MAX_READERS) this.#byText.clear();
    this.#byText.set(text, reader);
    return reader;
  }
}
