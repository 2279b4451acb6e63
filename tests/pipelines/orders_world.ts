import { equal } from "assert";
import connectPostgres, { type Sql } from "postgres";
import { kafka } from "sluice";
import { ConnectClient, type ConnectorConfig } from "../../lib/connect/mod.ts";
import { deleteTopicIfPresent } from "../../lib/kafka/mod.ts";
import { capture } from "../../pipelines/capture/capture.ts";
import { postgresDatabase, postgresSource } from "../../pipelines/capture/source_database.ts";
import { untilCaptured } from "../../pipelines/capture/until_captured.ts";
import { ordersReplica } from "../../pipelines/orders_replica.ts";
import { ordersTopic } from "../../pipelines/orders/orders_table.ts";
import { until } from "../connect/change_source.ts";
import { checkout } from "../support/paths.ts";
import { postgresRows } from "../support/sink_rows.ts";
import { testConnect, testStack } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Two databases, a connector and a checkpoint of one test's own. */
export interface OrdersWorld extends AsyncDisposable {
  /** The name of the connector, its slot and its publication, and of the topic's prefix. */
  readonly name: string;
  readonly topic: string;
  readonly brokers: readonly string[];
  readonly connect: ConnectClient;
  readonly sourceUrl: string;
  readonly source: Sql;
  readonly destination: Sql;
  readonly destinationUrl: string;
  /** The flags that name all this, for the pipeline and for `compare`. */
  readonly places: readonly string[];
  /** Makes the connector, or leaves it as it is; with settings other than those of its file. */
  capture(settings?: ConnectorConfig): Promise<void>;
  /** Removes the connector with its offsets and its slot: nobody captures then. */
  forgetConnector(): Promise<void>;
  /** Waits until all is captured, and runs the query to its end. */
  drain(): Promise<void>;
  /** Runs the pipeline's command. */
  command(...flags: string[]): Promise<Ended>;
  /** Runs the pipeline's command and kills it when it has told of so many batches. */
  killedAfter(batches: number, ...flags: string[]): Promise<void>;
  /** Runs any command against the services of the test. */
  run(script: string, ...flags: string[]): Promise<Ended>;
  /** The rows of the source, and those of a copy; sorted texts. */
  sourceRows(): Promise<string[]>;
  copyRows(table?: "orders" | "orders_projected"): Promise<string[]>;
}

const CONNECTOR_PATH = `${checkout}/data/connectors/orders.json`;
const SCHEMA_PATH = `${checkout}/data/orders/source.sql`;

/** Makes the databases; no connector yet. */
export async function ordersWorld(): Promise<OrdersWorld> {
  const { kafkaBrokers: brokers, databaseUrl } = await testStack();
  const connectUrl = await testConnect();
  const connect = new ConnectClient({ url: connectUrl });
  const folder = await tempFolder();
  const name = `orders_${crypto.randomUUID().slice(0, 8)}`;
  const [sourceName, destinationName] = [`${name}_source`, `${name}_copies`];
  const { topic } = ordersTopic(name);
  const checkpoint = `${folder.path}/checkpoint`;
  const sourceUrl = await postgresSource({
    serverUrl: databaseUrl,
    name: sourceName,
    schemaPath: SCHEMA_PATH,
  });
  const destinationUrl = await postgresDatabase(databaseUrl, destinationName);
  const settings = { max: 1, fetch_types: false, onnotice: () => {} };
  const source = connectPostgres(sourceUrl, settings);
  const destination = connectPostgres(destinationUrl, settings);
  const places = ["--source", sourceName, "--destination", destinationName];
  places.push("--connector", name, "--prefix", name);
  const spawn = (script: string, flags: readonly string[]) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", script, ...flags],
      cwd: checkout,
      env: {
        DATABASE_URL: databaseUrl,
        KAFKA_BROKERS: brokers.join(","),
        CONNECT_URL: connectUrl,
      },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  const run = async (script: string, ...flags: string[]): Promise<Ended> => {
    const { code, stdout, stderr } = await spawn(script, flags).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  };
  const job = [...places, "--checkpoint", checkpoint];
  const forgetConnector = async () => {
    // A Connect that was killed and starts again does not know its connectors before it is healthy.
    await until("Kafka Connect is there", async () => {
      const response = await fetch(`${connect.where}/health`).catch(() => undefined);
      await response?.body?.cancel();
      return response?.ok === true;
    });
    if (await connect.config(name) !== undefined) {
      await connect.stop(name);
      await connect.resetOffsets(name);
      await connect.delete(name);
    }
    await until("the slot is let go", async () => {
      const [slot] =
        await source`select active from pg_replication_slots where slot_name = ${name}`;
      return slot?.active !== true;
    });
    await source`select pg_drop_replication_slot(slot_name) from pg_replication_slots
      where slot_name = ${name}`;
  };
  return {
    name,
    topic,
    brokers,
    connect,
    sourceUrl,
    source,
    destination,
    destinationUrl,
    places,
    capture: (others = {}) =>
      capture({
        connectUrl,
        brokers,
        connectorPath: CONNECTOR_PATH,
        postgresUrl: sourceUrl,
        topics: [ordersTopic(name)],
        name,
        settings: { "topic.prefix": name, "slot.name": name, "publication.name": name, ...others },
      }),
    forgetConnector,
    async drain() {
      await untilCaptured(sourceUrl, name);
      const query = await ordersReplica({
        source: kafka({ brokers, topic, groupId: `sluice-${destinationName}-orders` }),
        destinationUrl,
      }, { checkpointLocation: checkpoint, trigger: { availableNow: true } });
      await query.awaitTermination();
    },
    command: (...flags) => run("pipelines/orders_replica.ts", ...job, ...flags),
    async killedAfter(batches, ...flags) {
      const child = spawn("pipelines/orders_replica.ts", [...job, ...flags]);
      const stderr = new Response(child.stderr).text();
      let printed = "";
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        printed += text;
        if (printed.split("batchId ").length <= batches) continue;
        child.kill("SIGKILL");
        break;
      }
      const { signal } = await child.status;
      equal(signal, "SIGKILL", `it ended before it was killed: ${await stderr}`);
    },
    run,
    sourceRows: () => postgresRows(source, "orders"),
    copyRows: (table = "orders") => postgresRows(destination, table),
    async [Symbol.asyncDispose]() {
      await forgetConnector();
      await Promise.all([source.end(), destination.end()]);
      const server = connectPostgres(databaseUrl, settings);
      for (const database of [sourceName, destinationName]) {
        await server`drop database if exists ${server(database)} with (force)`;
      }
      await server.end();
      await deleteTopicIfPresent({ brokers }, topic);
      await deleteTopicIfPresent({ brokers }, `__debezium-heartbeat.${name}`);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The rows of the source as the projected copy has them; sorted. */
export function withoutNames(rows: readonly string[]): string[] {
  return rows.map((text) => {
    const { name: _, ...row } = JSON.parse(text);
    return JSON.stringify(row);
  }).sort();
}
