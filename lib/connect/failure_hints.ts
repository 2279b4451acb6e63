import type { ConnectorConfig } from "./connector.ts";

/** A failure that is known, by what Debezium, the driver or the server says. */
interface KnownFailure {
  readonly says: RegExp;
  readonly hint: (config: ConnectorConfig) => string;
}

const SNAPSHOT_ANEW =
  "take a new snapshot: `deno task connectors delete <name> --drop-slot` (for a " +
  "connector without a slot: without that flag, and with another schema history topic), then apply it";

/** The first one that fits counts. */
const KNOWN: readonly KnownFailure[] = [
  {
    says: /Publication autocreation is disabled|publication ".*" does not exist/,
    hint: (config) =>
      `make it: CREATE PUBLICATION ${publicationOf(config)} FOR TABLE ` +
      (config["table.include.list"]?.replaceAll(",", ", ") ?? "…"),
  },
  {
    says: /replication slot .* is active/,
    hint: (config) =>
      `give each connector a slot.name of its own, or end what reads "${slotOf(config)}": ` +
      "pg_replication_slots.active_pid names it",
  },
  {
    says: /all replication slots are in use/,
    hint: () =>
      "drop slots that nobody reads any more (`deno task doctor` lists them), or raise " +
      "max_replication_slots and restart Postgres",
  },
  {
    says: /wal_level/,
    hint: () =>
      "set wal_level = logical (alter system set wal_level = 'logical') and restart Postgres",
  },
  {
    says:
      /requested WAL segment|slot .* (?:has been invalidated|was invalidated)|can no longer (?:access|get changes from) replication slot/,
    hint: () =>
      `the changes that the connector had not read yet are gone: ${SNAPSHOT_ANEW}; raise ` +
      "max_slot_wal_keep_size",
  },
  {
    says: /no longer available on the server|purged|Could not find first log file/,
    hint: () =>
      `the changes that the connector had not read yet are gone: ${SNAPSHOT_ANEW}; let the server ` +
      "keep its log for longer",
  },
  {
    says: /binlog_format|binlog_row_image|No binlog appears to be available/,
    hint: () =>
      "start the server with log_bin, binlog_format=ROW and binlog_row_image=FULL; sessions that " +
      "are open keep what they had",
  },
  {
    says: /history topic.*(?:missing|incomplete)|isn't known to this connector/,
    hint: () =>
      "the schema history is lost: snapshot.mode=recovery makes it anew where no table has changed " +
      "since, else take a new snapshot",
  },
  {
    says: /password authentication failed|Access denied for user/,
    hint: () => "correct database.user and database.password, and apply the connector again",
  },
  {
    says: /permission denied|must be superuser|Access denied; you need|must be owner/i,
    hint: () =>
      "grant the connector's user what the message names (Postgres: REPLICATION and SELECT; MariaDB: " +
      "SELECT, RELOAD, SHOW DATABASES, REPLICATION SLAVE, BINLOG MONITOR, LOCK TABLES)",
  },
  {
    says:
      /Connection refused|Communications link failure|UnknownHostException|connection attempt failed|timed out/i,
    hint: (config) =>
      `see whether the database runs and the worker reaches ${
        config["database.hostname"] ?? "it"
      }:` +
      (config["database.port"] ?? ""),
  },
  {
    says: /RecordTooLargeException/,
    hint: () =>
      "raise max.message.bytes of the topic and producer.override.max.request.size of the connector",
  },
  {
    says: /DataException|SerializationException|Converting byte\[\]/,
    hint: () => "see whether the converters of the connector fit the data in the topic",
  },
];

/** What to do about a failure, by what its messages say. */
export function hintFor(messages: string, config: ConnectorConfig): string {
  const known = KNOWN.find(({ says }) => says.test(messages));
  return known?.hint(config) ?? "mend what it says; the log of Kafka Connect has the whole trace";
}

/** The name of the connector's replication slot in Postgres, Debezium's default included. */
export function slotOf(config: ConnectorConfig): string {
  return config["slot.name"] ?? "debezium";
}

/** The name of the connector's publication in Postgres, Debezium's default included. */
export function publicationOf(config: ConnectorConfig): string {
  return config["publication.name"] ?? "dbz_publication";
}
