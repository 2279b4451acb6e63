import type { Batch, Decoder, RecordBlock, Rejection, Schema } from "../../core/mod.ts";
import { HEADER_BYTES, ReadersBySchema, withId } from "../registry/mod.ts";
import type { AvroType } from "./avro_type.ts";
import type { RecordReader } from "./nested_reader.ts";
import { type ReadWay, RowReader } from "./row_reader.ts";
import type { WriterSchemas } from "./writer_schemas.ts";

/** Reads records that have the id of their schema before them. */
export class RegisteredDecoder<Row> implements Decoder<Row> {
  readonly schema: Schema<Row>;
  readonly #ways: ReadersBySchema<ReadWay>;
  readonly #rows = new RowReader(HEADER_BYTES);

  /** `plan` finds out how the records of a writer's schema become rows. */
  constructor(
    schema: Schema<Row>,
    writers: WriterSchemas,
    plan: (writer: AvroType) => RecordReader,
  ) {
    this.schema = schema;
    this.#ways = new ReadersBySchema(async (id) => {
      const writer = await writers.byId(id);
      return typeof writer === "string"
        ? writer
        : { record: plan(writer), describe: (error) => withId(id, error) };
    });
  }

  decode(block: RecordBlock, batch: Batch<Row>): Rejection[] | Promise<Rejection[]> {
    const read = () =>
      this.#rows.readBlock(
        block,
        batch,
        (bytes, start, end) => this.#ways.readerAt(bytes, start, end),
      );
    const ids = this.#ways.newIds(block);
    // Before a row is added: when the registry is away, the batch is as it was.
    return ids.length === 0 ? read() : this.#ways.learn(ids).then(read);
  }
}
