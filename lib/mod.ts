/**
 * Kafka batches, exactly once, into Postgres and Delta Lake tables: what a pipeline is made of.
 *
 *     kafka | ndjson  ->  json | avro  ->  pipeline  ->  postgres, delta, deadLetterTopic, foreachBatch
 *
 * Pipelines and notebooks import it as `sluice`. It holds no code of its own, only the names of the
 * parts that most of them need; the others, such as `DeltaTable` and `createProducer`, are in the
 * `mod.ts` of their part.
 *
 * @module
 */
export {
  Batch,
  Decimal,
  formatDateDays,
  formatTimestampMicros,
  type Row,
  Schema,
  schema,
  type Sink,
  SluiceError,
  type Source,
} from "./core/mod.ts";
export { delta, type DeltaOptions } from "./delta/mod.ts";
export { ndjson, type NdjsonOptions } from "./files/mod.ts";
export { avro, type AvroOptions } from "./formats/avro/mod.ts";
export { json } from "./formats/json/mod.ts";
export { schemaRegistry, type SchemaRegistryOptions } from "./formats/registry/mod.ts";
export {
  deadLetterTopic,
  type DeadLetterTopicOptions,
  kafka,
  type KafkaOptions,
} from "./kafka/mod.ts";
export { postgres, type PostgresOptions } from "./postgres/mod.ts";
export {
  parseTrigger,
  Pipeline,
  pipeline,
  progressJson,
  type QueryListener,
  type StartOptions,
  StreamingQuery,
  type StreamingQueryProgress,
  type Trigger,
} from "./streaming/mod.ts";
