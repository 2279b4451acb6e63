/**
 * Kafka batches, exactly once, into Postgres and Delta Lake tables: what a pipeline is made of.
 *
 *     kafka | ndjson  ->  json | avro  ->  pipeline  ->  postgres, mysql, delta, kafkaSink, foreachBatch
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
export { delta, type DeltaOptions, deltaSnapshot, type DeltaSnapshotOptions } from "./delta/mod.ts";
export { deltaSource, type DeltaSourceOptions } from "./delta/mod.ts";
export {
  files,
  type FilesOptions,
  fileTable,
  type FileTableOptions,
  ndjson,
  type NdjsonOptions,
  parquetFiles,
  type ParquetFilesOptions,
} from "./files/mod.ts";
export { avro, type AvroOptions } from "./formats/avro/mod.ts";
export { csv, type CsvOptions } from "./formats/csv/mod.ts";
export { debezium, type DebeziumOptions } from "./formats/debezium/mod.ts";
export { json } from "./formats/json/mod.ts";
export { recordHeaders, withRecord } from "./formats/record/mod.ts";
export { schemaRegistry, type SchemaRegistryOptions } from "./formats/registry/mod.ts";
export {
  deadLetterTopic,
  type DeadLetterTopicOptions,
  kafka,
  type KafkaOptions,
  kafkaSink,
  type KafkaSinkOptions,
} from "./kafka/mod.ts";
export {
  consoleSink,
  type ConsoleSinkOptions,
  MemorySink,
  memorySink,
  MemorySource,
  memorySource,
  rateSource,
  type RateSourceOptions,
} from "./local/mod.ts";
export {
  jsonLog,
  type JsonLogOptions,
  prometheus,
  type PrometheusOptions,
  stallWatchdog,
  type StallWatchdogOptions,
} from "./observe/mod.ts";
export { mysql, type MysqlOptions } from "./mysql/mod.ts";
export {
  postgres,
  type PostgresOptions,
  postgresTable,
  type PostgresTableOptions,
} from "./postgres/mod.ts";
export {
  GroupedPipeline,
  parseTrigger,
  Pipeline,
  pipeline,
  progressJson,
  type QueryEvent,
  type QueryListener,
  type QueryTerminated,
  type StartOptions,
  StreamingQuery,
  type StreamingQueryProgress,
  type StreamingQueryStatus,
  type Trigger,
} from "./streaming/mod.ts";
export {
  avg,
  collectList,
  collectSet,
  count,
  countDistinct,
  first,
  type GroupState,
  last,
  max,
  min,
  sessionWindow,
  sum,
  window,
} from "./transforms/mod.ts";
