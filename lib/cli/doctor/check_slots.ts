import type { Sql } from "postgres";
import { slotOf } from "../../connect/mod.ts";
import { isPostgresConnector } from "../connectors/replication_slot.ts";
import type { KnownConnector } from "./check_connect.ts";
import { bytesText, type Findings } from "./finding.ts";

/** A replication slot, as `pg_replication_slots` has it; what a version does not tell is absent. */
interface Slot {
  readonly slot_name: string;
  readonly slot_type: string;
  readonly database?: string | null;
  readonly active: boolean;
  readonly wal_status: "reserved" | "extended" | "unreserved" | "lost" | null;
  /** Bytes that may still be written until the slot is in danger; null without a limit. */
  readonly safe_wal_size: string | null;
  readonly invalidation_reason?: string | null;
  /** Bytes of the log that it keeps from being removed. */
  readonly retained: string | null;
  /** Bytes of the log that its reader has not confirmed. */
  readonly behind: string | null;
}

/** An inactive slot that keeps this much is a danger to the disk, in bytes. */
const MAX_INACTIVE_BYTES = 1_000_000_000n;

/**
 * Looks at the replication slots of a Postgres server: one that nobody reads keeps the log until the
 * disk is full.
 *
 * @param connectors all connectors; `undefined` where they are not known.
 */
export async function checkSlots(
  sql: Sql,
  connectors: readonly KnownConnector[] | undefined,
  findings: Findings,
): Promise<void> {
  const slots = await readSlots(sql);
  for (const slot of slots) {
    const owner = connectors?.find(({ config }) =>
      isPostgresConnector(config) && slotOf(config) === slot.slot_name
    );
    checkSlot(slot, owner, connectors !== undefined, findings);
  }
  const [{ max = "0" } = {}] = await sql`select current_setting('max_replication_slots') as max`;
  if (slots.length < Number(max)) return;
  const hint = "drop those that nobody needs, or raise max_replication_slots and restart Postgres";
  findings.add("warning", "replication slots", `all ${max} are taken`, hint);
}

/** As JSON, since columns came with versions. Sizes are text: they have 64 bits. */
async function readSlots(sql: Sql): Promise<Slot[]> {
  return await sql`
    with now as (
      select case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
        else pg_current_wal_lsn() end as lsn)
    select slot.slot_name, slot.slot_type, slot.database, slot.active, slot.wal_status,
      slot.safe_wal_size::text, to_jsonb(slot) ->> 'invalidation_reason' as invalidation_reason,
      pg_wal_lsn_diff(lsn, restart_lsn)::bigint::text as retained,
      pg_wal_lsn_diff(lsn, confirmed_flush_lsn)::bigint::text as behind
    from pg_replication_slots as slot, now where not temporary order by slot_name`;
}

/** @param areKnown whether all connectors are known, so that none is the slot's if `owner` is not there. */
function checkSlot(
  slot: Slot,
  owner: KnownConnector | undefined,
  areKnown: boolean,
  findings: Findings,
): void {
  const subject = `replication slot "${slot.slot_name}"`;
  const size = sizeText(slot);
  if (slot.wal_status === "lost") {
    const reason = slot.invalidation_reason ?? "its log was removed";
    findings.add("broken", subject, `lost (${reason}): changes are gone`, lostHint(slot, owner));
  } else if (slot.wal_status === "unreserved") {
    const hint = slot.active
      ? "let its reader catch up at once, and raise max_slot_wal_keep_size"
      : idleHint(slot, owner, areKnown);
    findings.add("broken", subject, `${size}, and is lost at the next checkpoint`, hint);
  } else if (!slot.active) checkIdle(slot, owner, areKnown, findings);
  else if (slot.wal_status === "extended") {
    const hint = "see why its reader is slow; the log it holds is beyond max_wal_size";
    findings.add("warning", subject, `read, but ${size}`, hint);
  } else findings.add("ok", subject, `read, ${behindText(slot)}`);
}

function checkIdle(
  slot: Slot,
  owner: KnownConnector | undefined,
  areKnown: boolean,
  findings: Findings,
): void {
  const shouldBeRead = owner?.status.state === "RUNNING";
  const isLarge = BigInt(slot.retained ?? 0) >= MAX_INACTIVE_BYTES;
  const limit = slot.safe_wal_size === null
    ? "nothing bounds that (max_slot_wal_keep_size)"
    : `it is lost after ${bytesText(BigInt(slot.safe_wal_size))} more`;
  findings.add(
    shouldBeRead || isLarge ? "broken" : "warning",
    `replication slot "${slot.slot_name}"`,
    `inactive: nobody reads it; ${sizeText(slot)}, ${limit}`,
    idleHint(slot, owner, areKnown),
  );
}

function idleHint(slot: Slot, owner: KnownConnector | undefined, areKnown: boolean): string {
  const drop = `select pg_drop_replication_slot('${slot.slot_name}')` +
    (slot.database ? ` in database ${slot.database}` : "");
  if (!areKnown) {
    return "start Kafka Connect (here: `deno task stack:up --with connect`), whose connector may go on " +
      `with it and would lose changes without it; only if nobody comes back for it: ${drop}`;
  }
  if (owner === undefined) return `if nobody comes back for it, drop it: ${drop}`;
  const { name, state } = owner.status;
  const rests = state === "PAUSED" || state === "STOPPED";
  const goOn = rests
    ? `deno task connectors resume ${name}`
    : `deno task connectors restart ${name}`;
  return `\`${goOn}\`; or \`deno task connectors delete ${name} --drop-slot\``;
}

function lostHint(slot: Slot, owner: KnownConnector | undefined): string {
  if (owner === undefined) return `drop it: select pg_drop_replication_slot('${slot.slot_name}')`;
  const { name } = owner.status;
  return `\`deno task connectors delete ${name} --drop-slot\`, then apply it again: it takes a new ` +
    "snapshot; raise max_slot_wal_keep_size";
}

function sizeText({ retained }: Slot): string {
  return retained === null ? "it holds no log" : `it holds ${bytesText(BigInt(retained))} of log`;
}

function behindText({ behind }: Slot): string {
  return behind === null ? "no position" : `${bytesText(BigInt(behind))} behind`;
}
