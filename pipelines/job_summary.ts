import { count, type ProgressPrinter } from "../lib/cli/mod.ts";

/** What a summary says besides what was counted. */
export interface SummaryText {
  /** The query and what it promises, in a line. */
  readonly title: string;
  /** What was read, for a run that found nothing new. */
  readonly source: string;
  /** The sinks that are told of changes to rows, not of rows. */
  readonly changedSinks?: readonly string[];
  /** Commands that show what came of it. */
  readonly whereToLook: readonly string[];
}

/** What a run did and where to see it, for a person. */
export function jobSummary(printer: ProgressPrinter, text: SummaryText): string {
  const { last } = printer;
  if (last === undefined) return `Nothing new in ${text.source}; the query is at its end.`;
  const first = last.batchId - printer.batches + 1;
  const batches = first === last.batchId ? `batch ${first}` : `batches ${first} to ${last.batchId}`;
  const sinks = last.sinks.map(({ description, tableVersion }) => {
    const what = text.changedSinks?.includes(description) ? "rows changed" : "rows";
    const rows = `${count(printer.outputRows.get(description) ?? 0)} ${what}`;
    return [
      description,
      tableVersion === undefined ? rows : `${rows}, table version ${tableVersion}`,
    ];
  });
  const rows = [
    ["read", `${count(printer.inputRows)} records in ${batches}`],
    ...sinks,
    ["dead letters", count(printer.deadLetters)],
    ["lag", count(printer.lag)],
    ["speed", `${count(Math.round(printer.rowsPerSecond))} rows/s`],
  ];
  const width = Math.max(...rows.map(([name]) => name!.length));
  const table = rows.map(([name, text]) => `  ${name!.padEnd(width)}  ${text}`).join("\n");
  const places = text.whereToLook.map((place) => `  ${place}`);
  return `\n${text.title}\n\n${table}\n\n${["Where to look next:", ...places].join("\n")}`;
}

/** A psql command for the screen: a URL from the environment may hold a password, and is named. */
export function psqlCommand(databaseUrl: string, sql: string): string {
  return `psql ${isGiven("DATABASE_URL") ? '"$DATABASE_URL"' : databaseUrl} -c '${sql}'`;
}

/** SQL that shows the dead letters beside a table. */
export function deadLettersSql(table: string): string {
  return `select "offset", error from dead_letters where sink = $$postgres(${table})$$`;
}

/** A table's name in SQL. */
export function quotedTable(table: string): string {
  return table.split(".").map((name) => `"${name.replaceAll('"', '""')}"`).join(".");
}

/** True if the environment says where a service is. */
export function isGiven(variable: string): boolean {
  return Boolean(Deno.env.get(variable));
}
