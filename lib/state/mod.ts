/**
 * What operators remember: tables of keys and values in an embedded database under the checkpoint,
 * committed with the batch that they belong to. Operators in `transforms` read and write it, the
 * streaming engine opens it; it calls core.
 *
 * @module
 */
export type { StateEntry, StateTable, StateTables } from "./state_table.ts";
