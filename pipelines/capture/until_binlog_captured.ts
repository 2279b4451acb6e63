import { SluiceError } from "sluice";
import { type MariadbConnection, mysqlUrl, withMariadb } from "../../lib/cli/mod.ts";

const TIMEOUT_MS = 90_000;
const POLL_MS = 200;
const MARK_MS = 1_000;
const ATTEMPTED = "wait until all changes are in Kafka";

/** A place in the log of a server. */
interface BinlogPosition {
  readonly file: string;
  readonly pos: number;
}

/**
 * Waits until a connector has brought into its topics all that a MariaDB server has done so far: Kafka
 * Connect notes a position only when the changes before it are in Kafka.
 *
 * Marks are put into the log meanwhile, as rows of the table `capture_marks`: the connector notes the
 * end of a transaction only when something comes behind it.
 *
 * @throws {SluiceError} `NOT_CAPTURED` if that takes more than a minute and a half; `BAD_MYSQL_URL`;
 * `MYSQL_FAILED`.
 */
export async function untilBinlogCaptured(
  databaseUrl: string,
  connectUrl: string,
  connector: string,
): Promise<void> {
  const { href: uri, host } = mysqlUrl(databaseUrl);
  await withMariadb({ uri }, host, ATTEMPTED, async (connection) => {
    const end = await endOfBinlog(connection);
    const deadlineMs = Date.now() + TIMEOUT_MS;
    let nextMarkMs = 0;
    for (;;) {
      if (Date.now() >= nextMarkMs) {
        await connection.query("replace into capture_marks values (1, utc_timestamp(6))");
        nextMarkMs = Date.now() + MARK_MS;
      }
      const noted = await notedPosition(connectUrl, connector);
      if (noted !== undefined && !isBefore(noted, end)) return;
      if (Date.now() > deadlineMs) throw notCaptured(connector, end, noted);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  });
}

async function endOfBinlog(connection: MariadbConnection): Promise<BinlogPosition> {
  const [rows] = await connection.query("show master status");
  const [status] = rows as { File: string; Position: number | string }[];
  return { file: status!.File, pos: Number(status!.Position) };
}

/** Where a connector will go on; `undefined` while its first snapshot is not in Kafka. */
async function notedPosition(
  connectUrl: string,
  connector: string,
): Promise<BinlogPosition | undefined> {
  const { offsets = [] } = await fetch(`${connectUrl}/connectors/${connector}/offsets`)
    .then((response) => response.json())
    .catch(() => ({})); // it may be about to start again
  const { file, pos, snapshot } = offsets[0]?.offset ?? {};
  return file === undefined || snapshot !== undefined ? undefined : { file, pos: Number(pos) };
}

/** Files of a log are numbered, with zeros to one length. */
function isBefore(a: BinlogPosition, b: BinlogPosition): boolean {
  return a.file === b.file ? a.pos < b.pos : a.file < b.file;
}

function notCaptured(
  connector: string,
  end: BinlogPosition,
  noted: BinlogPosition | undefined,
): SluiceError {
  return new SluiceError("NOT_CAPTURED", {
    attempted: ATTEMPTED,
    where: `connector "${connector}"`,
    found: noted === undefined ? "no position yet" : `changes up to ${noted.file}/${noted.pos}`,
    wanted: `changes up to ${end.file}/${end.pos}`,
    hint: "`deno task doctor` looks at the connector and its topics",
  });
}
