import { type Batch, SluiceError } from "../../core/mod.ts";
import type { MysqlConnection } from "../connection.ts";
import { nameList } from "../table.ts";
import { literalWriter } from "./literals.ts";

/** A statement grows to about this many characters. */
const MAX_STATEMENT_LENGTH = 1_000_000;
const MAX_BYTES_PER_CHARACTER = 3;

/**
 * Inserts the rows of a batch, all of its columns, in as many statements as it takes. Only one of
 * them is in memory at a time.
 *
 * @throws {SluiceError} `ROW_TOO_LARGE` for a row that the server takes in no statement.
 */
export async function insertRows(
  connection: MysqlConnection,
  quotedTable: string,
  batch: Batch,
): Promise<void> {
  const head = `insert into ${quotedTable} (${nameList(batch.schema.fields)}) values\n`;
  const { maxPacketBytes } = connection;
  const maxLength = Math.min(
    MAX_STATEMENT_LENGTH,
    Math.floor(maxPacketBytes / MAX_BYTES_PER_CHARACTER) - head.length,
  );
  const writers = batch.columns.map(literalWriter);
  let rows: string[] = [];
  let length = 0;
  for (let row = 0; row < batch.numRows; row++) {
    const text = `(${writers.map((write) => write(row)).join(",")})`;
    if (length > 0 && length + text.length > maxLength) {
      await connection.query(head + rows.join(",\n"));
      rows = [];
      length = 0;
    }
    if (text.length > maxLength) {
      checkStatement(head + text, maxPacketBytes, quotedTable, connection);
    }
    rows.push(text);
    length += text.length + 2;
  }
  if (rows.length > 0) await connection.query(head + rows.join(",\n"));
}

// The server would end the connection, as if it were worth another try.
function checkStatement(
  statement: string,
  maxPacketBytes: number,
  quotedTable: string,
  { where }: MysqlConnection,
): void {
  const bytes = new TextEncoder().encode(statement).length;
  // The packet has a byte of its own that says what it is.
  if (bytes < maxPacketBytes) return;
  throw new SluiceError("ROW_TOO_LARGE", {
    attempted: `insert a row into MySQL table ${quotedTable}`,
    where,
    found: `a row of ${bytes} bytes as SQL`,
    wanted: `at most ${maxPacketBytes - 1}, one less than the server's max_allowed_packet`,
    hint: "raise max_allowed_packet on the server, or filter such rows out of the query",
  });
}
