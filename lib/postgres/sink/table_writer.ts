import type { MicroBatch } from "../../core/mod.ts";
import type { PostgresConnection } from "../connection.ts";

/** How the rows of a batch get into their table: in the batch's transaction, in two steps. */
export interface TableWriter {
  /**
   * Brings the rows to the server. Takes no lock that another run would wait for: a run that stalls
   * with a batch staged must not keep its successor from writing it.
   *
   * @throws {SluiceError} `DUPLICATE_KEY` if a key stands for two rows.
   */
  stage(connection: PostgresConnection, batch: MicroBatch): Promise<void>;
  /** Makes the table what it is with them; the commit follows at once. */
  apply(connection: PostgresConnection, batch: MicroBatch): Promise<void>;
}
