import {
  type Batch,
  CHANGE_COLUMNS,
  type LearningDecoder,
  type NoRow,
  type RecordBlock,
  recordOffset,
  type Schema,
  SchemaLearned,
  SluiceError,
} from "../../core/mod.ts";
import type { ChangeLayout } from "./change_reader.ts";
import { type ConnectType, fieldType } from "./connect_type.ts";
import { DebeziumDecoder } from "./debezium_decoder.ts";
import { followSchema } from "./follow_schema.ts";
import { formatKnownColumns, type KnownColumns, parseKnownColumns } from "./known_columns.ts";

/** What a row has that was taken out of its envelope: one of these, and others that begin so. */
const FLAT_MARKS = [CHANGE_COLUMNS.op, CHANGE_COLUMNS.deleted];

/** What is made for the columns that are known. */
export interface ChangeRows<Row> {
  readonly schema: Schema<Row>;
  readonly layout: ChangeLayout;
  readonly deletesByTombstone: boolean;
}

/** Makes rows of change events, with columns for all that the schemas beside them name. */
export class LearningDebeziumDecoder<Row> implements LearningDecoder<Row> {
  readonly schema: Schema<Row>;
  readonly #rowsFor: (known: KnownColumns) => ChangeRows<Row>;
  readonly #known: KnownColumns;
  readonly #layout: ChangeLayout;
  readonly #decoder: DebeziumDecoder<Row>;

  /** `rowsFor` says what is made when so much is known. */
  constructor(rowsFor: (known: KnownColumns) => ChangeRows<Row>, known: KnownColumns) {
    const { schema, layout, deletesByTombstone } = rowsFor(known);
    this.schema = schema;
    this.#rowsFor = rowsFor;
    this.#known = known;
    this.#layout = layout;
    this.#decoder = new DebeziumDecoder(
      schema,
      layout,
      deletesByTombstone,
      (struct) => this.#follow(struct),
    );
  }

  withLearned(learned: string): LearningDebeziumDecoder<Row> {
    return new LearningDebeziumDecoder(this.#rowsFor, parseKnownColumns(learned));
  }

  decode(block: RecordBlock, batch: Batch<Row>): NoRow[] {
    try {
      return this.#decoder.decode(block, batch);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      const first = recordOffset(block, 0);
      const last = recordOffset(block, block.count - 1);
      const place = `${block.topic}-${block.partition}, among offsets ${first} to ${last}`;
      const where = [error.details.where ?? [], place].flat().join(", ");
      throw new SluiceError(error.code, { ...error.details, where, cause: error });
    }
  }

  #follow(struct: ConnectType): void {
    const { rules, envelope } = this.#layout;
    const row = structIn(struct, "after") ?? structIn(struct, "before");
    const isEnvelope = row !== undefined && fieldType(struct, "op") !== undefined;
    // Other records are none of the table's: they are rejected, and teach nothing.
    const isFlat = FLAT_MARKS.some((name) => fieldType(struct, name) !== undefined);
    if (!isEnvelope && !isFlat) return;
    const parts = envelope.map(({ sourceName }) => sourceName);
    const lesson = isEnvelope
      ? followSchema(row, rules, this.#known, () => false)
      : followSchema(struct, rules, this.#known, (name) =>
        name.startsWith("__") || parts.includes(name));
    if (lesson === undefined) return;
    const { known, added } = lesson;
    const message = added.length === 0
      ? ""
      : `new column${added.length > 1 ? "s" : ""} ${added.join(", ")}`;
    throw new SchemaLearned(message, this, formatKnownColumns(known));
  }
}

function structIn(struct: ConnectType, name: string): ConnectType | undefined {
  const type = fieldType(struct, name);
  return type?.type === "struct" ? type : undefined;
}
