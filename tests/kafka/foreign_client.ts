import kafkajs, { type Admin, type Producer, type ProducerConfig } from "kafkajs";
import type { KafkaConnection } from "../../lib/kafka/mod.ts";

const { Kafka, logLevel, Partitioners } = kafkajs;

/** Runs a test with kafkajs's own producer: written by others than the code under test. */
export async function withForeignProducer(
  connection: KafkaConnection,
  config: ProducerConfig,
  test: (producer: Producer) => Promise<void>,
): Promise<void> {
  const producer = client(connection).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    ...config,
  });
  await producer.connect();
  try {
    await test(producer);
  } finally {
    await producer.disconnect();
  }
}

/** Runs a test with kafkajs's admin client. */
export async function withForeignAdmin(
  connection: KafkaConnection,
  test: (admin: Admin) => Promise<void>,
): Promise<void> {
  const admin = client(connection).admin();
  await admin.connect();
  try {
    await test(admin);
  } finally {
    await admin.disconnect();
  }
}

function client({ brokers }: KafkaConnection): kafkajs.Kafka {
  return new Kafka({ brokers: [...brokers!], clientId: "test", logLevel: logLevel.NOTHING });
}
