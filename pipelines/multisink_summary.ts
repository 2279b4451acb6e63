import { count, type ProgressPrinter } from "../lib/cli/mod.ts";
import type { MultisinkOptions } from "./multisink.ts";

/** What a run did and where to see it, for a person. */
export function multisinkSummary(
  queryName: string,
  printer: ProgressPrinter,
  job: MultisinkOptions,
  args: readonly string[],
): string {
  const { last } = printer;
  if (last === undefined) {
    return `Nothing new in ${job.source.description}; the query is at its end.`;
  }
  const first = last.batchId - printer.batches + 1;
  const batches = first === last.batchId ? `batch ${first}` : `batches ${first} to ${last.batchId}`;
  const sinks = last.sinks.map(({ description, tableVersion }) => {
    const rows = `${count(printer.outputRows.get(description) ?? 0)} rows`;
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
  const title = `${queryName}: each record once, as a row in every sink or as a dead letter`;
  return `\n${title}\n\n${table}\n\n${whereToLook(printer, job, args)}`;
}

function whereToLook(
  printer: ProgressPrinter,
  job: MultisinkOptions,
  args: readonly string[],
): string {
  // A URL from the environment may hold a password that is not for the screen.
  const psql = `psql ${isGiven("DATABASE_URL") ? '"$DATABASE_URL"' : job.databaseUrl} -c`;
  const table = quotedTable(job.table);
  const letters =
    `select "offset", error from dead_letters where sink = $$postgres(${job.table})$$`;
  const places = [
    `${psql} 'select symbol, count(*), max(price) from ${table} group by symbol'`,
    ...printer.deadLetters === 0 ? [] : [`${psql} '${letters}'`],
    `deno task table ${job.lakePath} history`,
    `${["deno task pipeline:multisink", ...args].join(" ")}   again: it goes on where it stopped`,
  ];
  return ["Where to look next:", ...places.map((place) => `  ${place}`)].join("\n");
}

/** A table's name in SQL. */
export function quotedTable(table: string): string {
  return table.split(".").map((name) => `"${name.replaceAll('"', '""')}"`).join(".");
}

/** True if the environment says where a service is. */
export function isGiven(variable: string): boolean {
  return Boolean(Deno.env.get(variable));
}
