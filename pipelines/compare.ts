/**
 * Shows whether the copies that `pipeline:orders_replica` keeps have the rows of their source, row for
 * row, and how far they are behind. It exits with 1 if they differ although nothing is on its way.
 * `--delete-surplus` takes rows out of the copies whose deletion nobody captured.
 *
 *     deno task compare
 */
import { count, flagCommand, type Flags, print, printError } from "../lib/cli/mod.ts";
import { ensureStack } from "../lib/stack/mod.ts";
import {
  type ComparedCopy,
  type ComparedReplica,
  compareReplica,
} from "./compare/compare_replica.ts";
import { deleteSurplus } from "./compare/delete_surplus.ts";
import {
  databaseOf,
  type OrdersPlaces,
  ordersPlaces,
  PLACE_FLAGS,
} from "./orders/orders_places.ts";

const FLAGS = {
  ...PLACE_FLAGS,
  "delete-surplus": {
    type: "boolean",
    help: "take rows out of the copies that are not in the source, when nothing is on its way",
  },
  help: { type: "boolean", help: "show this" },
} as const satisfies Flags;

function main(args: readonly string[]): Promise<number> {
  const about = "Compares the orders of a database with their copies in another, row for row.";
  return flagCommand({ name: "compare", about, flags: FLAGS }, args, async (values) => {
    const { kafkaBrokers: brokers, databaseUrl } = await ensureStack({
      services: ["kafka", "postgres"],
      onProgress: printError,
    });
    const places = ordersPlaces(values, databaseUrl);
    let compared = await compareReplica(brokers, places);
    if (values["delete-surplus"] && !compared.isSettled) {
      printError("deleted nothing from the copies: changes may be on their way to them");
    } else if (values["delete-surplus"]) {
      const deleted = await deleteSurplus(places.destinationUrl, compared.copies);
      printError(`deleted ${count(deleted)} rows from the copies`);
      if (deleted > 0) compared = await compareReplica(brokers, places);
    }
    for (const line of report(places, compared)) print(line);
    return compared.isSettled && !compared.copies.every(isEqual) ? 1 : 0;
  });
}

function report(places: OrdersPlaces, { copies, lag, isSettled }: ComparedReplica): string[] {
  const source = databaseOf(places.sourceUrl);
  const destination = databaseOf(places.destinationUrl);
  const slot = lag.slot === undefined
    ? `no slot "${places.connector}": nothing is captured`
    : `${count(lag.slot.bytes)} bytes of log behind slot "${places.connector}"` +
      (lag.slot.isRead ? "" : ", which nobody reads");
  const topic = lag.topicRecords === undefined
    ? `no topic ${places.topic}`
    : `${count(lag.topicRecords)} records of topic ${places.topic}`;
  const verdict = copies.every(isEqual)
    ? "The copies are equal to the source."
    : isSettled
    ? "The copies differ, and nothing is on its way to them."
    : "The copies differ; changes may be on their way to them.";
  return [
    `source  ${source}.orders: ${count(copies[0]?.sourceRows ?? 0)} rows`,
    ...copies.flatMap((copy) => copyLines(destination, copy, isSettled)),
    `lag     ${slot}; ${topic}`,
    verdict,
  ];
}

function copyLines(destination: string, copy: ComparedCopy, isSettled: boolean): string[] {
  const { table, equal, different, missing, surplus, differences, missingColumns } = copy;
  const defaults = isSettled ? copy.defaultColumns : [];
  const numbers = [
    `${count(equal)} equal`,
    `${count(different)} different`,
    `${count(missing)} missing`,
    `${count(surplus)} too many`,
  ];
  const left = different + missing + surplus - differences.length;
  return [
    `copy    ${destination}.${table}: ${numbers.join(", ")}`,
    ...missingColumns.map((name) => `          column ${name} is not in the copy`),
    ...differences.map(({ key, what }) => `          order ${key} ${what}`),
    ...left > 0 ? [`          and ${count(left)} more`] : [],
    ...defaults.map((name) =>
      `          column ${name}: old rows have its default in the source; changes tell none of it: ` +
      `update orders set ${name} = ${name}`
    ),
  ];
}

function isEqual({ different, missing, surplus, missingColumns }: ComparedCopy): boolean {
  return different + missing + surplus + missingColumns.length === 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
