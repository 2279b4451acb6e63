import { join, relative } from "node:path";
import { findJava, utf8Locale } from "./java.ts";
import { fetchJars, type JarSet } from "./maven.ts";
import type { ServiceCommand } from "./process.ts";
import { removeIfThere } from "./remove_if_there.ts";
import type { Service, ServiceContext } from "./service.ts";
import { versions } from "./versions.ts";

const addressVariable = "CONNECT_URL";

const connectJars: JarSet = {
  title: `Kafka Connect ${versions.kafka} with Debezium ${versions.debezium}`,
  folderName: `connect-${versions.kafka}-debezium-${versions.debezium}`,
  artifacts: [
    `org.apache.kafka:connect-runtime:${versions.kafka}`,
    `org.apache.kafka:connect-json:${versions.kafka}`,
    `org.apache.kafka:connect-transforms:${versions.kafka}`,
    `org.slf4j:slf4j-simple:${versions.slf4j}`,
  ],
  plugins: ["postgres", "mariadb"].map((database) =>
    `io.debezium:debezium-connector-${database}:${versions.debezium}:tar.gz:plugin`
  ),
  downloadMegabytes: 105,
  addressVariable,
};

const ANSWER_TIMEOUT_MS = 5_000;

/**
 * Kafka Connect with Debezium: one worker that brings the changes of databases into topics. What it
 * remembers lies in three topics of Kafka.
 */
export const connectService: Service = {
  name: "connect",
  title: "Kafka Connect",
  version: `${versions.kafka}, Debezium ${versions.debezium}`,
  addressVariable,
  portVariable: "SLUICE_CONNECT_PORT",
  defaultPort: 18_083,
  onDemand: true,
  needs: ["kafka"],
  stopSignal: "SIGTERM",
  ports: (port) => [port],
  address: connectUrl,
  addresses: (address) => ({ connectUrl: address }),
  prepare: prepareConnect,
  answers: connectAnswers,
  wipe: ({ stateDir }) => removeIfThere(connectDir(stateDir)),
};

async function prepareConnect(context: ServiceContext): Promise<ServiceCommand> {
  const java = await findJava("Kafka Connect", addressVariable);
  const jarsDir = await fetchJars(connectJars, context.downloadsDir, context.onProgress);
  const cwd = connectDir(context.stateDir);
  await Deno.mkdir(cwd, { recursive: true });
  const pluginPath = join(relative(cwd, jarsDir), "plugins");
  await Deno.writeTextFile(join(cwd, "worker.properties"), workerProperties(context, pluginPath));
  return {
    program: java,
    args: [
      "-Xms64m",
      "-Xmx384m",
      "-XX:+UseSerialGC",
      "-XX:TieredStopAtLevel=1",
      "-Dorg.slf4j.simpleLogger.showDateTime=true",
      "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
      "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
      "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.connect=info",
      "-Dorg.slf4j.simpleLogger.log.io.debezium=info",
      "-cp",
      join(relative(cwd, jarsDir), "*"),
      "org.apache.kafka.connect.cli.ConnectDistributed",
      "worker.properties",
    ],
    cwd,
    env: utf8Locale(),
  };
}

/**
 * `plugin.discovery=service_load`: to look through all jars for connectors takes 15 s and twice the
 * memory. A killed worker's place is free after its session, 10 s by default, and what it did is
 * given to the one that comes back at once instead of after five minutes.
 */
function workerProperties(context: ServiceContext, pluginPath: string): string {
  return `bootstrap.servers=${context.addresses.kafkaBrokers?.join(",")}
group.id=sluice-connect
session.timeout.ms=6000
heartbeat.interval.ms=2000
scheduled.rebalance.max.delay.ms=0
config.storage.topic=sluice_connect_configs
config.storage.replication.factor=-1
offset.storage.topic=sluice_connect_offsets
offset.storage.replication.factor=-1
offset.storage.partitions=1
offset.flush.interval.ms=2000
status.storage.topic=sluice_connect_status
status.storage.replication.factor=-1
status.storage.partitions=1
key.converter=org.apache.kafka.connect.json.JsonConverter
key.converter.schemas.enable=false
value.converter=org.apache.kafka.connect.json.JsonConverter
value.converter.schemas.enable=false
config.providers=env,file
config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
config.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider
listeners=http://127.0.0.1:${context.port}
plugin.discovery=service_load
plugin.path=${pluginPath}
`;
}

async function connectAnswers(port: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const response = await fetch(`${connectUrl(port)}/health`, { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

function connectUrl(port: number): string {
  return `http://127.0.0.1:${port}`;
}

function connectDir(stateDir: string): string {
  return join(stateDir, "connect");
}
