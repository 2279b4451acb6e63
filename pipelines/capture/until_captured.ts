import connectPostgres from "postgres";
import { SluiceError } from "sluice";

const TIMEOUT_MS = 90_000;
const POLL_MS = 100;
const MARK_MS = 1_000;

/**
 * Waits until a connector has brought into its topics all that a Postgres database has done so far: its
 * replication slot confirms a position only when the changes before it are in Kafka.
 *
 * Marks are put into the log meanwhile, as messages that the connectors' files leave out: a connector
 * that was started again confirms nothing before its database has done something.
 *
 * @throws {SluiceError} `NOT_CAPTURED` if that takes more than a minute and a half.
 */
export async function untilCaptured(databaseUrl: string, slotName: string): Promise<void> {
  const sql = connectPostgres(databaseUrl, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    const [now] = await sql`select pg_current_wal_lsn()::text as lsn`;
    const lsn: string = now!.lsn;
    const deadlineMs = Date.now() + TIMEOUT_MS;
    let nextMarkMs = 0;
    for (;;) {
      if (Date.now() >= nextMarkMs) {
        await sql`select pg_logical_emit_message(true, 'heartbeat', '')`;
        nextMarkMs = Date.now() + MARK_MS;
      }
      const [slot] = await sql`
        select confirmed_flush_lsn::text as confirmed, confirmed_flush_lsn >= ${lsn}::pg_lsn as is_there
        from pg_replication_slots where slot_name = ${slotName}`;
      if (slot?.is_there === true) return;
      if (Date.now() > deadlineMs) throw notCaptured(slotName, lsn, slot?.confirmed ?? undefined);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    await sql.end();
  }
}

function notCaptured(slotName: string, lsn: string, confirmed: string | undefined): SluiceError {
  return new SluiceError("NOT_CAPTURED", {
    attempted: "wait until all changes are in Kafka",
    where: `replication slot "${slotName}"`,
    found: confirmed === undefined ? "no such slot" : `changes up to ${confirmed}`,
    wanted: `changes up to ${lsn}`,
    hint: "`deno task doctor` looks at the connector, its slot and its topics",
  });
}
