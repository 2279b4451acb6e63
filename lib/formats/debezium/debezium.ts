import {
  badOption,
  CHANGE_COLUMNS,
  type ChangeColumns,
  type Decoder,
  type FieldSpecs,
  refuseUnknownOptions,
  type RowOf,
  Schema,
  schema as s,
  SluiceError,
  type StructField,
} from "../../core/mod.ts";
import type { TimeUnit } from "./convert.ts";
import { DebeziumDecoder } from "./debezium_decoder.ts";
import { type KnownColumns, NO_COLUMNS } from "./known_columns.ts";
import { type ChangeRows, LearningDebeziumDecoder } from "./learning_decoder.ts";
import { UNAVAILABLE_VALUE, UnavailableValue } from "./unavailable_value.ts";

/** How change events are read. */
export interface DebeziumOptions<Key extends string, Envelope extends FieldSpecs> {
  /** The columns that tell the table's rows apart: those of its primary key. */
  readonly key: readonly Key[];
  /**
   * Members of the envelope that are columns too: what a transform added there, or parts of `source`
   * and `transaction`. Default: none.
   */
  readonly envelope?: Envelope;
  /**
   * The unit of times that are numbers, in records without schemas; a column's own unit, as in
   * `timestampNtz("ms")`, comes first. Default: `us`.
   */
  readonly timePrecision?: "ms" | "us" | "ns";
  /**
   * What a record without a value says. `skip`: nothing, the change before it has told of the delete.
   * `delete`: that the row with its key is gone, as where deletes come as tombstones alone. Default:
   * `skip`.
   */
  readonly tombstones?: "skip" | "delete";
  /**
   * What the connector writes for values that did not come, its `unavailable.value.placeholder`.
   * Default: `__debezium_unavailable_value`.
   */
  readonly unavailableValue?: string;
  /**
   * What becomes of columns that the schema does not name. `ignore`: they are left out. `add`: they
   * become columns of the rows, nullable, and sinks add them to their tables; this needs records with
   * schemas (`value.converter.schemas.enable=true`). A column that changes so that its column here
   * cannot take all its values any more, or that is gone and was not nullable, then stops the query
   * with `SCHEMA_CHANGED`. Default: `ignore`.
   */
  readonly newColumns?: "ignore" | "add";
}

/** The row of a change: without its key there may be nothing known of a row that is gone. */
export type ChangeRow<Row, Key extends keyof Row> =
  & { [Column in keyof Row]: Column extends Key ? NonNullable<Row[Column]> : Row[Column] | null }
  & ChangeColumns;

const ATTEMPTED = "read change events";
const OPTIONS = [
  "key",
  "envelope",
  "timePrecision",
  "tombstones",
  "unavailableValue",
  "newColumns",
];

/** In the order of `CHANGE_COLUMNS`. */
const ChangeFields = s.struct({
  [CHANGE_COLUMNS.op]: s.string(),
  [CHANGE_COLUMNS.sourceTs]: s.timestamp().nullable(),
  [CHANGE_COLUMNS.position]: s.string().nullable(),
  [CHANGE_COLUMNS.deleted]: s.boolean(),
  [CHANGE_COLUMNS.unavailable]: s.array(s.string()),
}).fields;

/**
 * Reads the change events of one table that Debezium writes as JSON (3.x, relational databases): the
 * row as it is after the change, or, for a row that is gone, what is known of it, and columns that
 * tell of the change. `applyChanges` makes a table of them.
 *
 * | column | type | |
 * | --- | --- | --- |
 * | `__op` | string | `r` read by a snapshot, `c` new, `u` changed, `d` gone |
 * | `__source_ts` | timestamp | when the database made the change; null where it is not told |
 * | `__position` | string | where it is in the database's log, later ones greater; see below |
 * | `__deleted` | boolean | true for `d` |
 * | `__unavailable` | array<string> | columns whose values did not come: TOAST values that an update did not touch, and what a delete does not tell |
 *
 * All columns but those of the key are nullable: a delete may tell the key alone, from `before` or from
 * the record's key. In all other changes a column that is not nullable in the schema has to have a
 * value. When a row's key changes, Debezium sends the delete of the old one and the new row; if that
 * lacks a TOAST value then, it is rejected, for the value is lost.
 *
 * **Records** may have schemas beside them (`{"schema", "payload"}`) or not, may be whole envelopes or
 * taken out of them by `ExtractNewRecordState` with `add.fields=op` (`source.ts_ms`, `source.lsn` and
 * the like, for the columns above) and the default prefix; one that has `__deleted` alone is `u` or `d`.
 * Records without a value make no row and no dead letter. What is no change of a row is rejected:
 * truncates, heartbeats, the begin and end of transactions, changes of a table's columns.
 *
 * **Positions** of Postgres are the commit before the change's transaction and the change, of MySQL
 * and MariaDB the binlog file, position and row, as text with zeros to one length: they compare as
 * the changes of a row do, within the log of one server. They are null for other databases, and for
 * rows that an incremental snapshot of Postgres read.
 *
 * **Types**, by the schemas, or without them by what is wanted:
 *
 * | wanted | from |
 * | --- | --- |
 * | string | text of any meaning (uuid, enum, json, xml, intervals, inet, …); with schemas numbers, as digits, and booleans; times of day, as `10:15:30.123456`; structs, arrays and maps as JSON |
 * | boolean | a boolean; 0 and 1 |
 * | byte, short, integer, long | an integer of any meaning, as it was sent; decimals without a fraction; bits |
 * | float, double | a number; `NaN` and infinities |
 * | decimal | digits; with schemas bytes too (`decimal.handling.mode=precise`); a struct of scale and value; doubles |
 * | date | days; ISO 8601 |
 * | timestamp, timestamp_ntz | milli-, micro- and nanoseconds; ISO 8601, of a wall clock in UTC |
 * | binary | bytes in base64; bits |
 * | struct, array, map | the same; text that is JSON; `array<string>` from a MySQL set |
 *
 * Nothing is rounded. A value that does not fit is rejected with a text that names its field, type and
 * what was wanted. Without schemas decimals have to be digits (`decimal.handling.mode=string`), since
 * nothing says what scale bytes have, and hexadecimal bytes are read as text.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`; `UNKNOWN_COLUMN` for a key that the schema does
 * not have; `BAD_SCHEMA` if a column is called as one of the above.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, type RecordBlock, schema as s } from "../../core/mod.ts";
 * import { debezium } from "./mod.ts";
 *
 * const Customer = s.struct({ id: s.integer(), name: s.string(), balance: s.decimal(12, 2) });
 * const decoder = debezium(Customer, { key: ["id"] });
 * const batch = new Batch(decoder.schema);
 * const source = '"source":{"ts_us":1795255813000000,"file":"binlog.000001","pos":2315,"row":0}';
 * const bytes = new TextEncoder().encode(
 *   `{"before":null,"after":{"id":2,"name":"bob","balance":"1.25"},${source},"op":"u"}`,
 * );
 * const block = {
 *   bytes,
 *   count: 1,
 *   valueStarts: Int32Array.of(0),
 *   valueEnds: Int32Array.of(bytes.length),
 * } as RecordBlock;
 *
 * deepEqual(await decoder.decode(block, batch), []);
 * const { id, name, balance, __op, __position } = batch.row(0);
 * deepEqual([id, name, String(balance), __op], [2, "bob", "1.25", "u"]);
 * deepEqual(__position, "0000000001/0000000000000002315/0000000000");
 * ```
 */
export function debezium<
  Row,
  const Key extends keyof Row & string,
  Envelope extends FieldSpecs = Record<never, never>,
>(
  schema: Schema<Row>,
  options: DebeziumOptions<Key, Envelope>,
): Decoder<ChangeRow<Row, Key> & RowOf<Envelope>> {
  refuseUnknownOptions(ATTEMPTED, options, OPTIONS);
  const { key, tombstones = "skip", unavailableValue = UNAVAILABLE_VALUE } = options;
  const { newColumns = "ignore" } = options;
  const timePrecision: TimeUnit = options.timePrecision ?? "us";
  refuseOther("timePrecision", timePrecision, ["ms", "us", "ns"]);
  refuseOther("tombstones", tombstones, ["skip", "delete"]);
  refuseOther("newColumns", newColumns, ["ignore", "add"]);
  if (typeof unavailableValue !== "string" || unavailableValue === "") {
    throw badOption(ATTEMPTED, "unavailableValue", JSON.stringify(unavailableValue), "a text");
  }
  refuseBadKey(key, schema.fields);
  const envelope = Object.keys(options.envelope ?? {}).length === 0
    ? []
    : s.struct(options.envelope!).fields;
  const unavailable = new UnavailableValue(unavailableValue);
  const rowsFor = ({ added }: KnownColumns): ChangeRows<ChangeRow<Row, Key> & RowOf<Envelope>> => {
    const named = new Set(schema.fields.map(({ sourceName }) => sourceName));
    // One that came by itself may have been named since.
    const fields = [...schema.fields, ...added.filter(({ sourceName }) => !named.has(sourceName))];
    const isKey = fields.map(({ name }) => (key as readonly string[]).includes(name));
    const columns = [
      ...fields.map((field, i) => ({ ...field, nullable: !isKey[i] })),
      // They are read from elsewhere: their names there may be those of columns of the row.
      ...[...envelope, ...ChangeFields].map((field) => ({
        ...field,
        sourceName: `envelope.${field.sourceName}`,
      })),
    ];
    return {
      schema: new Schema(columns),
      layout: { rules: { fields, isKey, timePrecision, unavailable }, envelope },
      deletesByTombstone: tombstones === "delete",
    };
  };
  if (newColumns === "add") return new LearningDebeziumDecoder(rowsFor, NO_COLUMNS);
  const rows = rowsFor(NO_COLUMNS);
  return new DebeziumDecoder(rows.schema, rows.layout, rows.deletesByTombstone);
}

function refuseOther(option: string, value: unknown, allowed: readonly string[]): void {
  if (allowed.includes(value as string)) return;
  throw badOption(ATTEMPTED, option, JSON.stringify(value) ?? String(value), allowed.join(", "));
}

function refuseBadKey(key: readonly string[], fields: readonly StructField[]): void {
  if (!Array.isArray(key) || key.length === 0) {
    throw badOption(ATTEMPTED, "key", "no column", "the columns that tell the rows apart");
  }
  for (const [i, name] of key.entries()) {
    if (key.indexOf(name) !== i) throw badOption(ATTEMPTED, "key", `"${name}" twice`, "it once");
    if (fields.some((field) => field.name === name)) continue;
    throw new SluiceError("UNKNOWN_COLUMN", {
      attempted: ATTEMPTED,
      where: 'option "key"',
      found: `column ${JSON.stringify(name)}`,
      wanted: `one of ${fields.map((field) => field.name).join(", ")}`,
    });
  }
}
