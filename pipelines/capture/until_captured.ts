import type { Sql } from "postgres";
import { SluiceError } from "sluice";
import { withPostgres } from "../../lib/cli/mod.ts";

const TIMEOUT_MS = 90_000;
const POLL_MS = 100;
const MARK_MS = 1_000;
const ATTEMPTED = "wait until all changes are in Kafka";

/** A replication slot, as `pg_replication_slots` has it. */
interface Slot {
  /** Up to where its reader has confirmed the log. */
  readonly confirmed: string | null;
  /** True while its connector reads it. */
  readonly active: boolean;
  /** True if it has confirmed the mark; null while there is none. */
  readonly is_there: boolean | null;
}

/**
 * Waits until a connector has brought into its topics all that a Postgres database has done so far: its
 * replication slot confirms a position only when the changes before it are in Kafka.
 *
 * Marks are put into the log meanwhile, as messages that the connectors' files leave out: a connector
 * that was started again confirms nothing before its database has done something. The first mark that
 * counts is one made while the slot is read: a new slot begins with all confirmed that was there before,
 * though the snapshot of it is on its way, and is read when the snapshot is taken.
 *
 * @throws {SluiceError} `NOT_CAPTURED` if that takes more than a minute and a half; `BAD_DATABASE_URL`;
 * `POSTGRES_FAILED`.
 */
export async function untilCaptured(databaseUrl: string, slotName: string): Promise<void> {
  await withPostgres(databaseUrl, ATTEMPTED, async (sql) => {
    const deadlineMs = Date.now() + TIMEOUT_MS;
    let nextMarkMs = 0;
    let mark: string | undefined;
    for (;;) {
      const slot = await readSlot(sql, slotName, mark);
      if (slot?.is_there === true) return;
      if (Date.now() > deadlineMs) throw notCaptured(slotName, slot);
      if (slot?.active === true && Date.now() >= nextMarkMs) {
        const [made] =
          await sql`select pg_logical_emit_message(true, 'heartbeat', '')::text as lsn`;
        mark ??= made!.lsn as string;
        nextMarkMs = Date.now() + MARK_MS;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  });
}

async function readSlot(
  sql: Sql,
  name: string,
  mark: string | undefined,
): Promise<Slot | undefined> {
  const [slot] = await sql<Slot[]>`
    select confirmed_flush_lsn::text as confirmed, active,
      confirmed_flush_lsn >= ${mark ?? null}::pg_lsn as is_there
    from pg_replication_slots where slot_name = ${name}`;
  return slot;
}

function notCaptured(slotName: string, slot: Slot | undefined): SluiceError {
  return new SluiceError("NOT_CAPTURED", {
    attempted: ATTEMPTED,
    where: `replication slot "${slotName}"`,
    found: slot === undefined
      ? "no such slot"
      : `${slot.active ? "it is read" : "nobody reads it"}, changes up to ${slot.confirmed}`,
    wanted: "all changes that were made before",
    hint: "`deno task doctor` looks at the connector, its slot and its topics",
  });
}
