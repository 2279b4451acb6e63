import type { Sql } from "postgres";
import { publicationOf } from "../../connect/mod.ts";
import { type KnownConnector, tablesOf } from "./check_connect.ts";
import type { Findings } from "./finding.ts";

/** A table of a publication, and how its old rows are told. */
interface PublishedTable {
  readonly publication: string;
  /** `schema.table`. */
  readonly table: string;
  /** `pg_class.relreplident`: full, default, an index, nothing. */
  readonly identity: "f" | "d" | "i" | "n";
  readonly has_key: boolean;
}

interface Publication {
  readonly name: string;
  /** What it leaves out of inserts, updates and deletes. */
  readonly missing: string;
}

/** Looks at the publications of a database: whether they have what connectors read, and its old rows. */
export async function checkPublications(
  sql: Sql,
  connectors: readonly KnownConnector[],
  findings: Findings,
): Promise<void> {
  const publications = await readPublications(sql);
  const tables = await readTables(sql);
  for (const connector of connectors) {
    await checkConnector(sql, connector, publications, tables, findings);
  }
  for (const { name, missing } of publications) {
    if (missing === "") continue;
    const hint = `alter publication ${name} set (publish = 'insert, update, delete, truncate')`;
    findings.add("warning", `publication "${name}"`, `it leaves out ${missing}`, hint);
  }
  checkIdentities(tables, findings);
}

async function checkConnector(
  sql: Sql,
  { status, config }: KnownConnector,
  publications: readonly Publication[],
  tables: readonly PublishedTable[],
  findings: Findings,
): Promise<void> {
  const publication = publicationOf(config);
  const subject = `publication "${publication}"`;
  const wanted = tablesOf(config);
  if (!publications.some(({ name }) => name === publication)) {
    const found = `not there, but connector "${status.name}" reads it`;
    const names = wanted.length === 0 ? "…" : wanted.join(", ");
    const hint = `create publication ${publication} for table ${names}`;
    // By default Debezium makes it.
    const isMade = config["publication.autocreate.mode"] !== "disabled";
    findings.add(isMade ? "warning" : "broken", subject, found, hint);
    return;
  }
  const published = tables.filter((each) => each.publication === publication);
  const missing = wanted.filter((name) => !published.some(({ table }) => table === name));
  for (const table of missing) {
    const [{ isThere } = {}] = await sql`select to_regclass(${table}) is not null as "isThere"`;
    const found = isThere
      ? `table ${table} is not in it, so no change of it reaches connector "${status.name}"`
      : `connector "${status.name}" reads table ${table}, which is not there`;
    const hint = isThere
      ? `alter publication ${publication} add table ${table}`
      : "make the table, or correct table.include.list";
    findings.add("broken", subject, found, hint);
  }
  if (missing.length === 0) {
    const noun = published.length === 1 ? "table" : "tables";
    const found = `${published.length} ${noun}, those of "${status.name}" among them`;
    findings.add("ok", subject, found);
  }
}

/** Each table once, in however many publications it is. */
function checkIdentities(tables: readonly PublishedTable[], findings: Findings): void {
  const byName = new Map(tables.map((each) => [each.table, each]));
  const full = [...byName.values()].filter(({ identity }) => identity === "f");
  if (full.length > 0) {
    findings.add("ok", "replica identity", `FULL: ${full.map(({ table }) => table).join(", ")}`);
  }
  for (const { table, identity, has_key: hasKey } of byName.values()) {
    const subject = `table ${table}`;
    const hint = `alter table ${table} replica identity full`;
    if (identity === "n" || (identity === "d" && !hasKey)) {
      const found = `published without a replica identity (${
        identity === "n" ? "NOTHING" : "DEFAULT and no primary key"
      }): Postgres refuses updates and deletes`;
      findings.add("broken", subject, found, hint);
    } else if (identity !== "f") {
      const found =
        `replica identity ${identity === "d" ? "DEFAULT" : "of an index"}: updates come ` +
        "without the row before, deletes with its key alone";
      findings.add("warning", subject, found, hint);
    }
  }
}

async function readPublications(sql: Sql): Promise<Publication[]> {
  return await sql`
    select pubname as name, concat_ws(', ', case when not pubinsert then 'inserts' end,
      case when not pubupdate then 'updates' end, case when not pubdelete then 'deletes' end) as missing
    from pg_publication order by pubname`;
}

async function readTables(sql: Sql): Promise<PublishedTable[]> {
  return await sql`
    select published.pubname as publication, schemaname || '.' || tablename as table,
      relreplident as identity,
      exists (select from pg_index where indrelid = class.oid and indisprimary) as has_key
    from pg_publication_tables as published
      join pg_namespace as namespace on namespace.nspname = schemaname
      join pg_class as class on class.relname = tablename and relnamespace = namespace.oid
    order by 1, 2`;
}
