import { SluiceError } from "../../core/mod.ts";
import { type ConnectClient, type ConnectorConfig, slotOf } from "../../connect/mod.ts";
import { postgresUrl } from "../database_url.ts";
import { print } from "../print.ts";
import { badFlag, connectorCommand } from "./connector_command.ts";
import { readConnectorFile } from "./connector_file.ts";
import { isFile } from "./connector_names.ts";
import { fillReferences } from "./references.ts";
import { databaseUrlOf, dropReplicationSlot, isPostgresConnector } from "./replication_slot.ts";
import { placeOf, withPostgres } from "./source_database.ts";
import type { Variables } from "./surroundings.ts";

/** A connector to delete, and its configuration as far as it is known. */
interface Condemned {
  readonly name: string;
  /** True if Kafka Connect has it. */
  readonly isThere: boolean;
  readonly config: ConnectorConfig;
}

/** A slot to drop with its connector. */
interface Slot {
  readonly url: string;
  readonly name: string;
}

/** The end of connectors. */
export const deleteCommand = connectorCommand({
  name: "delete",
  summary: "Deletes connectors; what they brought into topics stays.",
  operand: "name or file",
  flags: {
    "drop-slot": {
      type: "boolean",
      help: "drop the replication slot in Postgres too, and forget how far the connector came: " +
        "applied again, it takes a new snapshot",
    },
    "database-url": {
      type: "string",
      value: "url",
      help: "with --drop-slot: the database, where Connect's configuration does not tell",
    },
  },
  async run({ connect, operands, flags, variables, wait }) {
    for (const operand of operands) {
      const condemned = await find(connect, operand, variables);
      const slot = flags["drop-slot"] ? slotToDrop(condemned, flags["database-url"]) : undefined;
      // A database out of reach is told before the connector is gone.
      if (slot !== undefined) {
        await withPostgres(slot.url, "reach the slot", (sql) => sql`select 1`);
      }
      if (condemned.isThere) {
        await connect.stop(condemned.name, wait);
        if (slot !== undefined) await connect.resetOffsets(condemned.name);
        await connect.delete(condemned.name);
      }
      print(condemned.isThere ? `deleted ${condemned.name}` : `${condemned.name} was not there`);
      if (slot !== undefined) await dropSlot(slot);
      else if (isPostgresConnector(condemned.config)) print(slotStays(condemned));
    }
  },
});

/** By name it must be in Kafka Connect; by file only its slot may be left. */
async function find(
  connect: ConnectClient,
  operand: string,
  variables: Variables,
): Promise<Condemned> {
  const file = isFile(operand) ? await readConnectorFile(operand) : undefined;
  const name = file?.name ?? operand;
  const config = await connect.config(name);
  if (config !== undefined) return { name, isThere: true, config };
  if (file !== undefined) {
    return { name, isThere: false, config: fillReferences(file, variables).config };
  }
  throw new SluiceError("CONNECTOR_MISSING", {
    attempted: `delete connector "${name}"`,
    where: connect.where,
    found: `no connector "${name}"`,
    hint: "`deno task connectors status` lists those there are",
  });
}

function slotToDrop({ name, config }: Condemned, databaseUrl: string | undefined): Slot {
  if (!isPostgresConnector(config)) {
    const found = `${name}, a ${config["connector.class"]}`;
    throw badFlag("--drop-slot", found, "a connector for Postgres: others have no slot");
  }
  const url = databaseUrl === undefined
    ? databaseUrlOf(name, config)
    : postgresUrl(databaseUrl, "--database-url").href;
  return { url, name: slotOf(config) };
}

async function dropSlot({ url, name }: Slot): Promise<void> {
  const dropped = await dropReplicationSlot(url, name);
  print(
    dropped
      ? `dropped replication slot ${name} of ${placeOf(url)}`
      : `there was no replication slot ${name} in ${placeOf(url)}`,
  );
}

function slotStays({ config }: Condemned): string {
  const slot = slotOf(config);
  return `its replication slot ${slot} stays: until it is dropped (--drop-slot, or select ` +
    `pg_drop_replication_slot('${slot}')), Postgres keeps the log for it and fills the disk`;
}
