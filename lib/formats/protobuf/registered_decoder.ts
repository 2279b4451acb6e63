import type { Type } from "protobufjs";
import type { Batch, Decoder, RecordBlock, Rejection, Schema } from "../../core/mod.ts";
import { HEADER_BYTES, messageIndexesAt, ReadersBySchema, withId } from "../registry/mod.ts";
import type { MessageReader } from "./message_reader.ts";
import { planMessage } from "./plan_message.ts";
import { messageName, type ProtoFile } from "./proto_file.ts";
import type { ProtoSchemas } from "./proto_schemas.ts";
import { type ReadWay, RowReader } from "./row_reader.ts";

/** Reads records that have the id of their schema, and the place of their message in it, before them. */
export class RegisteredDecoder<Row> implements Decoder<Row> {
  readonly schema: Schema<Row>;
  readonly #files: ReadersBySchema<FileReader>;
  readonly #rows = new RowReader();

  /** `message` is the full name of the message that records must be; absent: the first of a file. */
  constructor(schema: Schema<Row>, schemas: ProtoSchemas, message: string | undefined) {
    this.schema = schema;
    this.#files = new ReadersBySchema(async (id) => {
      const file = await schemas.byId(id);
      return typeof file === "string" ? file : readerOf(id, file, schema, message);
    });
  }

  decode(block: RecordBlock, batch: Batch<Row>): Rejection[] | Promise<Rejection[]> {
    const read = () =>
      this.#rows.readBlock(block, batch, (bytes, start, end) => {
        const file = this.#files.readerAt(bytes, start, end);
        return typeof file === "string" ? file : file.wayOf(bytes, start, end);
      });
    const ids = this.#files.newIds(block);
    // Before a row is added: when the registry is away, the batch is as it was.
    return ids.length === 0 ? read() : this.#files.learn(ids).then(read);
  }
}

/** Reads the records of one schema id. */
class FileReader {
  readonly #file: ProtoFile;
  readonly #message: Type;
  readonly #reader: MessageReader;
  readonly #describe: (error: string) => string;

  constructor(id: number, file: ProtoFile, message: Type, reader: MessageReader) {
    this.#file = file;
    this.#message = message;
    this.#reader = reader;
    this.#describe = (error) => withId(id, error);
  }

  /** The way to read the record in `bytes[start, end)`, if it is of the message that is wanted. */
  wayOf(bytes: Uint8Array, start: number, end: number): ReadWay | string {
    const place = messageIndexesAt(bytes, start + HEADER_BYTES, end);
    if (place === undefined) return this.#describe("found no message indexes behind the id");
    const message = this.#file.messageAt(place.indexes);
    if (message === this.#message) {
      return { reader: this.#reader, start: place.end, describe: this.#describe };
    }
    const found = message === undefined
      ? `message indexes ${place.indexes.join(", ")}, which lead to none`
      : `message ${messageName(message)}`;
    return this.#describe(`found ${found}, wanted message ${messageName(this.#message)}`);
  }
}

/** What reads the records of a schema id; a text says why nothing can. */
function readerOf(
  id: number,
  file: ProtoFile,
  schema: Schema<unknown>,
  name: string | undefined,
): FileReader | string {
  const message = file.find(name);
  if (message === undefined) return `found no message${name === undefined ? "" : ` ${name}`}`;
  const { reader, problems } = planMessage(message, schema.fields);
  return problems.length === 0 ? new FileReader(id, file, message, reader) : problems.join("; ");
}
