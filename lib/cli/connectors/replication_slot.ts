import { SluiceError, systemClock } from "../../core/mod.ts";
import type { ConnectorConfig } from "../../connect/mod.ts";
import { placeOf, withPostgres } from "./source_database.ts";

/** The server lets go of a slot a moment after its connector is gone. */
const RELEASE_MS = 10_000;
const POLL_MS = 100;
/** Postgres' SQLSTATE for a slot that is read. */
const OBJECT_IN_USE = "55006";

/** True for Debezium's connector for Postgres, the one that has a replication slot. */
export function isPostgresConnector(config: ConnectorConfig): boolean {
  return /\bPostgres(?:ql)?Connector$/i.test(config["connector.class"] ?? "");
}

/**
 * The address of the database that a connector reads.
 *
 * @throws {SluiceError} `NO_DATABASE_URL` if the configuration has references to Kafka Connect's own
 * config providers in their place.
 */
export function databaseUrlOf(name: string, config: ConnectorConfig): string {
  const parts = ["hostname", "port", "user", "password", "dbname", "sslmode"].map((part) =>
    config[`database.${part}`] ?? ""
  );
  const [host = "", port = "", user = "", password = "", database = "", sslmode = ""] = parts;
  if (host === "" || parts.some((part) => part.includes("${"))) {
    throw new SluiceError("NO_DATABASE_URL", {
      attempted: `reach the database of connector "${name}"`,
      found: "settings that only Kafka Connect can fill in",
      hint: "name the database with --database-url",
    });
  }
  const url = new URL(`postgres://${host.includes(":") ? `[${host}]` : host}/`);
  url.port = port;
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  url.pathname = encodeURIComponent(database);
  if (sslmode !== "") url.searchParams.set("sslmode", sslmode);
  return url.href;
}

/**
 * Drops a replication slot that nobody reads any more, and with it what it holds of the log.
 *
 * @returns false if there is none of that name.
 * @throws {SluiceError} `SLOT_IN_USE`, or `POSTGRES_FAILED`.
 */
export async function dropReplicationSlot(url: string, slot: string): Promise<boolean> {
  const attempted = `drop replication slot "${slot}"`;
  return await withPostgres(url, attempted, async (sql) => {
    const deadline = performance.now() + RELEASE_MS;
    for (;;) {
      try {
        const dropped = await sql`select pg_drop_replication_slot(slot_name)
          from pg_replication_slots where slot_name = ${slot}`;
        return dropped.length > 0;
      } catch (error) {
        if ((error as { code?: unknown }).code !== OBJECT_IN_USE) throw error;
        if (performance.now() > deadline) {
          throw new SluiceError("SLOT_IN_USE", {
            attempted,
            where: placeOf(url),
            found: (error as Error).message,
            hint: "end the process that reads it, then drop it with " +
              `select pg_drop_replication_slot('${slot}')`,
            cause: error,
          });
        }
      }
      await systemClock.sleep(POLL_MS, new AbortController().signal);
    }
  });
}
