import { join, relative } from "node:path";
import { SluiceError } from "../core/mod.ts";
import { findJava, utf8Locale } from "./java.ts";
import { kafkaAnswers } from "./kafka_answers.ts";
import { fetchJars, type JarSet } from "./maven.ts";
import type { ServiceCommand } from "./process.ts";
import { removeIfThere } from "./remove_if_there.ts";
import type { Service, ServiceContext } from "./service.ts";
import { versions } from "./versions.ts";

const kafkaJars: JarSet = {
  title: `Apache Kafka ${versions.kafka}`,
  folderName: `kafka-${versions.kafka}`,
  artifacts: [
    `org.apache.kafka:kafka_2.13:${versions.kafka}`,
    `org.slf4j:slf4j-simple:${versions.slf4j}`,
  ],
  downloadMegabytes: 66,
  addressVariable: "KAFKA_BROKERS",
};

/** Any id does, a single node never meets another; a fixed one keeps the log comparable. */
const clusterId = "c2x1aWNlLWxvY2FsLWthZg";

/** Apache Kafka: one node that is broker and controller, in KRaft mode. */
export const kafkaService: Service = {
  name: "kafka",
  title: "Apache Kafka",
  version: versions.kafka,
  addressVariable: "KAFKA_BROKERS",
  portVariable: "SLUICE_KAFKA_PORT",
  defaultPort: 19_092,
  stopSignal: "SIGTERM",
  ports: (port) => [port, controllerPort(port)],
  address: (port) => `127.0.0.1:${port}`,
  addresses: (address) => ({ kafkaBrokers: address.split(",") }),
  prepare: prepareKafka,
  answers: (port) => kafkaAnswers(port, 5_000),
  wipe: ({ stateDir }) => removeIfThere(kafkaDir(stateDir)),
};

async function prepareKafka(context: ServiceContext): Promise<ServiceCommand> {
  const java = await findJava("Kafka", "KAFKA_BROKERS");
  const jarsDir = await fetchJars(kafkaJars, context.downloadsDir, context.onProgress);
  const cwd = kafkaDir(context.stateDir);
  await Deno.mkdir(cwd, { recursive: true });
  await Deno.writeTextFile(join(cwd, "server.properties"), serverProperties(context.port, "data"));
  const kafka: ServiceCommand = {
    program: java,
    args: [...javaOptions(cwd, jarsDir), "kafka.Kafka", "server.properties"],
    cwd,
    env: utf8Locale(),
  };
  if (!await exists(join(cwd, "data"))) {
    context.onProgress("Apache Kafka: formatting its storage");
    await formatStorage(java, jarsDir, cwd, context.port);
  }
  return kafka;
}

/** Formats a folder beside and renames it, so that `data` is either whole or not there. */
async function formatStorage(
  java: string,
  jarsDir: string,
  cwd: string,
  port: number,
): Promise<void> {
  await removeIfThere(join(cwd, "data.new"));
  await Deno.writeTextFile(join(cwd, "format.properties"), serverProperties(port, "data.new"));
  const { success, stdout, stderr } = await new Deno.Command(java, {
    args: [
      ...javaOptions(cwd, jarsDir),
      "kafka.tools.StorageTool",
      "format",
      "--cluster-id",
      clusterId,
      "--config",
      "format.properties",
    ],
    cwd,
    env: utf8Locale(),
    stdin: "null",
  }).output();
  if (!success) {
    const decoder = new TextDecoder();
    throw new SluiceError("KAFKA_FORMAT_FAILED", {
      attempted: "format the storage of the local Kafka",
      where: cwd,
      found: `${decoder.decode(stdout)}${decoder.decode(stderr)}`.trim().slice(-2_000),
      hint: "check the free disk space and the rights of that folder, then try again",
    });
  }
  await Deno.remove(join(cwd, "format.properties"));
  await Deno.rename(join(cwd, "data.new"), join(cwd, "data"));
}

/**
 * Paths are relative to the working folder: a checkout may lie where a class path (`:`), a list of
 * log folders (`,`) or a properties file (anything but Latin-1) could not name it.
 */
function javaOptions(cwd: string, jarsDir: string): string[] {
  return [
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    // These print every setting of every client and broker.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaConfig=warn",
    "-cp",
    join(relative(cwd, jarsDir), "*"),
  ];
}

/**
 * After a SIGKILL the broker may register again only when its old session has run out, 9 s by
 * default; 3 s is still long for a pause of broker and controller in one process.
 */
function serverProperties(port: number, dataDir: string): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort(port)}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort(port)}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.dirs=${dataDir}
num.partitions=3
auto.create.topics.enable=false
default.replication.factor=1
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=5
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=5
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=5
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
`;
}

function controllerPort(port: number): number {
  return port + 1;
}

function kafkaDir(stateDir: string): string {
  return join(stateDir, "kafka");
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
