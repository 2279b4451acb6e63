import type { MicroBatch } from "../../core/mod.ts";
import type { MysqlConnection } from "../connection.ts";

/** How the rows of a batch get into their table, in three steps. */
export interface TableWriter {
  /** Makes what the others need, before the transaction: a table that is made in it would end it. */
  prepare(connection: MysqlConnection): Promise<void>;
  /**
   * Brings the rows to the server. Takes no lock that another run would wait for: a run that stalls
   * with a batch staged must not keep its successor from writing it.
   *
   * @throws {SluiceError} `DUPLICATE_KEY` if a key stands for two rows, `ROW_TOO_LARGE`.
   */
  stage(connection: MysqlConnection, batch: MicroBatch): Promise<void>;
  /** Makes the table what it is with them; the commit follows at once. */
  apply(connection: MysqlConnection, batch: MicroBatch): Promise<void>;
}
