import {
  databaseBeside,
  mariadbSource,
  postgresSource,
  withMysqlDatabase,
} from "../capture/source_database.ts";

/** The servers that the databases are on. */
export interface InventoryServers {
  /** Any database of a Postgres. */
  readonly databaseUrl: string;
  /** Any database of a MariaDB. */
  readonly mysqlUrl: string;
}

/** The captured databases. */
export interface InventorySources {
  /** The Postgres database with the tables `customers` and `tiers`. */
  readonly customersUrl: string;
  /** The MariaDB database with the table `orders`. */
  readonly ordersUrl: string;
}

/** The databases that are written for whoever asks. */
export interface InventoryServing {
  readonly postgresUrl: string;
  readonly mysqlUrl: string;
}

/** Makes the databases that are captured, and their tables, where they are absent. */
export async function inventorySources(
  { databaseUrl, mysqlUrl }: InventoryServers,
  name: string,
): Promise<InventorySources> {
  const [customersUrl, ordersUrl] = await Promise.all([
    postgresSource({ serverUrl: databaseUrl, name, schemaPath: "data/inventory/postgres.sql" }),
    mariadbSource({ serverUrl: mysqlUrl, name, schemaPath: "data/inventory/mariadb.sql" }),
  ]);
  return { customersUrl, ordersUrl };
}

/** The databases that are written, for captured ones of that name. */
export function inventoryServing(servers: InventoryServers, sourceName: string): InventoryServing {
  const name = servingName(sourceName);
  return {
    postgresUrl: databaseBeside(servers.databaseUrl, name),
    mysqlUrl: withMysqlDatabase(servers.mysqlUrl, name),
  };
}

/** Makes them, with their tables and indexes, where they are absent. */
export async function makeInventoryServing(
  { databaseUrl, mysqlUrl }: InventoryServers,
  sourceName: string,
): Promise<void> {
  const name = servingName(sourceName);
  await Promise.all([
    postgresSource({
      serverUrl: databaseUrl,
      name,
      schemaPath: "data/inventory/serving_postgres.sql",
    }),
    mariadbSource({ serverUrl: mysqlUrl, name, schemaPath: "data/inventory/serving_mariadb.sql" }),
  ]);
}

function servingName(sourceName: string): string {
  return `${sourceName}_serving`;
}
