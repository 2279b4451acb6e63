import { count, type ProgressPrinter } from "../../lib/cli/mod.ts";
import { isGiven } from "../job_summary.ts";
import type { InventoryJob } from "./inventory_job.ts";

/** What the queries of a run did and where to see it, for a person. */
export function inventorySummary(
  printers: ReadonlyMap<string, ProgressPrinter>,
  job: InventoryJob,
  args: readonly string[],
): string {
  const lines = [...printers].map(([name, printer]) => `  ${name.padEnd(18)}${told(printer)}`);
  const places = [
    psql(job, "select * from orders order by updated_at desc limit 10"),
    psql(job, "select * from order_totals_tumbling order by window_start desc limit 10"),
    psql(job, "select * from orders_enriched order by ordered_at desc limit 10"),
    `deno task topics describe ${job.topics.alerts}`,
    `${["deno task pipeline:inventory", ...args].join(" ")}   again: it goes on where it stopped`,
  ].map((place) => `  ${place}`);
  return `\ninventory: every query has each change once\n\n${lines.join("\n")}\n\n` +
    `Where to look next:\n${places.join("\n")}`;
}

function told(printer: ProgressPrinter): string {
  const { last } = printer;
  if (last === undefined) return "nothing new";
  const sinks = last.sinks.map(({ description }) =>
    `${description} ${count(printer.outputRows.get(description) ?? 0)}`
  );
  return `${count(printer.inputRows)} records | ${sinks.join(" | ")} | ` +
    `dead letters ${count(printer.deadLetters)}`;
}

/** A URL from the environment may hold a password, and is named; the database is another one there. */
function psql({ postgresUrl }: InventoryJob, sql: string): string {
  const place = isGiven("DATABASE_URL")
    ? `"\${DATABASE_URL%/*}${new URL(postgresUrl).pathname}"`
    : postgresUrl;
  return `psql ${place} -c '${sql}'`;
}
