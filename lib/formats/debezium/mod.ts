/**
 * Change events of databases, as Debezium writes them in JSON, into typed rows with columns that tell
 * of the change. A pipeline's `decode` step calls it; it calls the parts of `json` and the core's
 * columns.
 *
 *     record ──schema beside it, if any──> ChangeReader ─┬─ after, before ──RowReader──> columns of the row
 *                                                        ├─ source ──SourceReader──> __source_ts, __position
 *                                                        └─ op, members of the envelope
 *
 * Where values are is found without reading them (`MemberFinder`), and a reader made for the type of
 * each column takes them from their bytes: `valueReader` for common ones, `converterOf` for all.
 *
 * @module
 */
export { type ChangeRow, debezium, type DebeziumOptions } from "./debezium.ts";
