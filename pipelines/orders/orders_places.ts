import { type Flags, type FlagValues, postgresUrl } from "../../lib/cli/mod.ts";
import { databaseBeside } from "../capture/source_database.ts";
import { ordersTopic } from "./orders_table.ts";

const DEFAULT_SOURCE = "sourcedb";
const DEFAULT_DESTINATION = "destdb";
const DEFAULT_CONNECTOR = "orders";
const DEFAULT_PREFIX = "dbserver1";

/** The flags that say which database has the orders. */
export const SOURCE_FLAGS = {
  source: {
    type: "string",
    value: "name",
    help: "the database of the orders, beside that of DATABASE_URL; " +
      `default ${DEFAULT_SOURCE}`,
  },
  "source-url": {
    type: "string",
    value: "url",
    help: "the address of the database of the orders, where it is on another server",
  },
} as const satisfies Flags;

/** The flags that say where the copies are, and what brings them there. */
export const PLACE_FLAGS = {
  ...SOURCE_FLAGS,
  destination: {
    type: "string",
    value: "name",
    help: `the database of the copies; default ${DEFAULT_DESTINATION}`,
  },
  connector: {
    type: "string",
    value: "name",
    help: "the name of the connector, its slot and its publication; default " + DEFAULT_CONNECTOR,
  },
  prefix: {
    type: "string",
    value: "text",
    help: `the first part of the topic's name; default ${DEFAULT_PREFIX}`,
  },
} as const satisfies Flags;

/** Where the orders are, where their copies are, and what is between. */
export interface OrdersPlaces {
  /** Has table `orders`. */
  readonly sourceUrl: string;
  /** Has its copies, `orders` and `orders_projected`. */
  readonly destinationUrl: string;
  /** The name of the connector, its slot and its publication. */
  readonly connector: string;
  readonly prefix: string;
  readonly topic: string;
  /** The consumer group that tells how far the query is. */
  readonly groupId: string;
}

/**
 * The address of the database with the orders; `databaseUrl` is that of any database beside it.
 *
 * @throws {SluiceError} `BAD_DATABASE_URL`.
 */
export function ordersSource(values: FlagValues<typeof SOURCE_FLAGS>, databaseUrl: string): string {
  const given = values["source-url"];
  if (given !== undefined) return postgresUrl(given, "--source-url").href;
  return databaseBeside(databaseUrl, values.source ?? DEFAULT_SOURCE);
}

/**
 * All places that the flags say; nothing is asked, and nothing made.
 *
 * @throws {SluiceError} `BAD_DATABASE_URL`.
 */
export function ordersPlaces(
  values: FlagValues<typeof PLACE_FLAGS>,
  databaseUrl: string,
): OrdersPlaces {
  const { destination = DEFAULT_DESTINATION, connector = DEFAULT_CONNECTOR } = values;
  const prefix = values.prefix ?? DEFAULT_PREFIX;
  return {
    sourceUrl: ordersSource(values, databaseUrl),
    destinationUrl: databaseBeside(databaseUrl, destination),
    connector,
    prefix,
    topic: ordersTopic(prefix).topic,
    groupId: `sluice-${destination}-orders`,
  };
}

/** The name of the database that an address has. */
export function databaseOf(url: string): string {
  return decodeURIComponent(postgresUrl(url).pathname.slice(1));
}
