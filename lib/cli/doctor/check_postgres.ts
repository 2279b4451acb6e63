import type { Sql } from "postgres";
import { SluiceError } from "../../core/mod.ts";
import { databaseUrlOf, isPostgresConnector } from "../connectors/replication_slot.ts";
import { placeOf, withPostgres } from "../connectors/source_database.ts";
import { postgresUrl } from "../database_url.ts";
import type { KnownConnector } from "./check_connect.ts";
import { checkPublications } from "./check_publications.ts";
import { checkSlots } from "./check_slots.ts";
import { type Finding, Findings } from "./finding.ts";

/** A database to look at. */
interface Target {
  readonly url: string;
  /** The connectors that read it. */
  readonly connectors: readonly KnownConnector[];
  /** True for the one of DATABASE_URL, which must be there. */
  readonly isGiven: boolean;
}

/**
 * Looks at the database of DATABASE_URL and at those that connectors read: whether changes can be read
 * out of them, and what keeps their log.
 *
 * @param connectors all connectors; `undefined` where they are not known.
 */
export async function checkPostgres(
  databaseUrl: string | undefined,
  connectors: readonly KnownConnector[] | undefined,
): Promise<Finding[]> {
  const findings = new Findings("postgres");
  const seenServers = new Set<string>();
  for (const target of targets(databaseUrl, connectors ?? [], findings)) {
    const place = placeOf(target.url);
    const server = postgresUrl(target.url).host;
    try {
      await withPostgres(target.url, "look at the database", async (sql) => {
        await checkServer(sql, place, target, findings);
        await checkPublications(sql, target.connectors, findings);
        // Slots are the server's, whichever of its databases one asks.
        if (!seenServers.has(server)) await checkSlots(sql, connectors, findings);
      });
      seenServers.add(server);
    } catch (error) {
      findings.addError(target.isGiven ? "broken" : "warning", `server ${place}`, error);
    }
  }
  return [...findings.all];
}

/** Each database once. */
function targets(
  databaseUrl: string | undefined,
  connectors: readonly KnownConnector[],
  findings: Findings,
): Target[] {
  const found = new Map<string, Target>();
  if (databaseUrl !== undefined) {
    try {
      found.set(placeOf(databaseUrl), { url: databaseUrl, connectors: [], isGiven: true });
    } catch (error) {
      findings.addError("broken", "DATABASE_URL", error);
    }
  }
  for (const connector of connectors) {
    const { status, config } = connector;
    if (!isPostgresConnector(config)) continue;
    try {
      const url = databaseUrlOf(status.name, config);
      const known = found.get(placeOf(url)) ?? { url, connectors: [], isGiven: false };
      found.set(placeOf(url), { ...known, connectors: [...known.connectors, connector] });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      const text = "its database is not looked at: only Kafka Connect knows how to log in";
      findings.add("note", `connector "${status.name}"`, text);
    }
  }
  return [...found.values()];
}

async function checkServer(
  sql: Sql,
  place: string,
  { connectors }: Target,
  findings: Findings,
): Promise<void> {
  const [settings = {}] = await sql`select current_setting('wal_level') as "walLevel",
    current_setting('server_version') as version`;
  const { walLevel, version } = settings;
  const subject = `server ${place}`;
  if (walLevel === "logical") findings.add("ok", subject, `version ${version}, wal_level logical`);
  else {
    const hint = "alter system set wal_level = 'logical', then restart Postgres";
    const found = `wal_level ${walLevel}: no changes can be read out of it`;
    findings.add(connectors.length > 0 ? "broken" : "warning", subject, found, hint);
  }
}
