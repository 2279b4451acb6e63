/**
 * What operators remember: tables of keys and values in an embedded database under the checkpoint,
 * committed with the batch that they belong to, and the codecs that turn rows and group keys into
 * bytes and back. Operators in `transforms` read and write it, the streaming engine opens it; it
 * calls core.
 *
 *     rows of a batch ──groupRows──> groups ──KeyCodec──> key ─┬─> StateTable of an operator
 *                                     state ──RowCodec──> value┘   in the StateStore, one transaction a batch
 *
 * @module
 */
export { ByteReader } from "./byte_reader.ts";
export { ByteWriter } from "./byte_writer.ts";
export { groupRows, RowGroups } from "./group_rows.ts";
export { KeyCodec } from "./key_codec.ts";
export { mapKey } from "./map_key.ts";
export type { OperatorState } from "./operator_state.ts";
export { RowCodec } from "./row_codec.ts";
export { type StateLocation, type StateNotes, StateStore } from "./state_store.ts";
export type { StateEntry, StateTable, StateTables } from "./state_table.ts";
