/**
 * Kafka: a range of offsets in, blocks of records out; topics and dead letters the other way. The
 * streaming engine calls the source and the sink, pipelines and the simulators in them call the
 * producer and the admin functions. Below is kafkajs, of which only the connections are used.
 *
 * @module
 */
export type { CompressionType } from "./compression.ts";
export type { IsolationLevel } from "./list_offsets.ts";
export type { KafkaConnection, SaslOptions, TlsOptions } from "./options.ts";
export { kafka, type KafkaOptions } from "./source.ts";
export {
  createTopicIfAbsent,
  deleteTopicIfPresent,
  type NewTopic,
  type TopicOffsets,
  topicOffsets,
} from "./admin.ts";
export {
  createProducer,
  type Producer,
  type ProducerOptions,
  type ProducerRecord,
} from "./producer.ts";
export { deadLetterTopic, type DeadLetterTopicOptions } from "./dead_letter_topic.ts";
