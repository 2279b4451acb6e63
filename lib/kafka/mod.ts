/**
 * Kafka: a range of offsets in, blocks of records out; rows and dead letters the other way, each batch
 * in a transaction. The streaming engine calls the source and the sinks, pipelines and the simulators
 * in them call the producer, commands and notebooks the admin functions. Below is kafkajs, of which
 * only the connections are used.
 *
 *     source/  which topics and offsets are read, and how
 *     sink/    batches into a topic with their key
 *     admin/   topics, their settings, consumer groups
 *
 * @module
 */
export type { CompressionType } from "./compression.ts";
export type { IsolationLevel } from "./list_offsets.ts";
export type { KafkaConnection, SaslOptions, TlsOptions } from "./options.ts";
export type { KafkaSubscription } from "./source/consumer_strategy.ts";
export { kafka, type KafkaOptions } from "./source/kafka_source.ts";
export type {
  EndingOptions,
  JsonObjectText,
  KafkaTimestamp,
  PartitionOffsets,
  PartitionTimestamps,
  StartingOptions,
} from "./source/offset_range_limit.ts";
export {
  type ClusterDescription,
  type ClusterTopic,
  describeCluster,
} from "./admin/describe_cluster.ts";
export {
  describeTopic,
  type PartitionDescription,
  type TopicDescription,
} from "./admin/describe_topic.ts";
export { type DeclaredTopic, declareTopics } from "./admin/declare_topics.ts";
export { alterGroupOffsets, groupLag, type PartitionLag } from "./admin/groups.ts";
export { alterConfigs, type ConfigSource, type TopicConfig } from "./admin/topic_configs.ts";
export {
  createPartitions,
  createTopicIfAbsent,
  deleteTopicIfPresent,
  type NewTopic,
  type TopicOffsets,
  topicOffsets,
} from "./admin/topics.ts";
export {
  createProducer,
  type Producer,
  type ProducerOptions,
  type ProducerRecord,
} from "./producer.ts";
export { deadLetterTopic, type DeadLetterTopicOptions } from "./sink/dead_letter_topic.ts";
export { kafkaSink, type KafkaSinkOptions } from "./sink/kafka_sink.ts";
