/**
 * What every other part is made of: schema and row types, the columnar `Batch`, records, the
 * contracts of sources, decoders and sinks, errors and the clock. Everything calls it; it imports
 * nothing.
 *
 * @module
 */
export { basicAuthorization } from "./basic_authorization.ts";
export { Batch, createColumn } from "./batch.ts";
export { BytesColumn } from "./bytes_column.ts";
export { CHANGE_COLUMNS, type ChangeColumns, unavailableColumn } from "./change_columns.ts";
export { type Clock, systemClock } from "./clock.ts";
export { Column, describeValue } from "./column.ts";
export { concatBatches } from "./concat_batches.ts";
export { Decimal, formatUnscaled } from "./decimal.ts";
export { type Decoder, isRejection, type NoRow, type Rejection } from "./decoder.ts";
export { isLearning, type LearningDecoder, SchemaLearned } from "./learning_decoder.ts";
export { parseDuration } from "./duration.ts";
export { makeFolder, putIfAbsent, replaceFile, syncFolder, writeFlushed } from "./durable_file.ts";
export {
  badOption,
  type ErrorDetails,
  errorText,
  isRetryable,
  refuseUnknownOptions,
  SluiceError,
} from "./errors.ts";
export { failpoint, type FailpointHandler, onFailpoint } from "./failpoint.ts";
export {
  BooleanColumn,
  Decimal128Column,
  Int64Column,
  type NumberArray,
  NumberColumn,
} from "./fixed_columns.ts";
export { isRecord } from "./is_record.ts";
export { jsonText } from "./json_text.ts";
export { ListColumn, MapColumn, StructColumn } from "./nested_columns.ts";
export {
  countOffsets,
  formatOffsets,
  type OffsetRange,
  offsetRanges,
  type Offsets,
  parseOffsets,
} from "./offsets.ts";
export {
  type DeadLetter,
  deadLetter,
  type RecordBlock,
  type RecordHeader,
  recordKey,
  recordOffset,
  recordValue,
} from "./records.ts";
export { retry, type RetryNotice, type RetryPolicy } from "./retry.ts";
export { rowBlock, type RowBlockPlace } from "./row_block.ts";
export {
  type ArrayType,
  type DataType,
  type DecimalType,
  type EpochUnit,
  type FieldSpecs,
  type MapType,
  type PrimitiveType,
  type Row,
  type RowOf,
  Schema,
  schema,
  type StructField,
  type StructType,
  typeName,
  TypeSpec,
} from "./schema.ts";
export {
  type CommitOutcome,
  type MicroBatch,
  nothingStaged,
  type OutputMode,
  type Sink,
  type SinkContext,
  type SinkWriter,
  type StagedBatch,
} from "./sink.ts";
export {
  type BatchLimits,
  batchLimits,
  type RangeReader,
  type ReadOptions,
  type RowSource,
  type Source,
} from "./source.ts";
export type { StaticTable } from "./static_table.ts";
export {
  formatDateDays,
  formatTimestampMicros,
  MAX_DATE_DAYS,
  MAX_TIMESTAMP_MICROS,
  MIN_DATE_DAYS,
  MIN_TIMESTAMP_MICROS,
  parseDateDays,
  parseTimestampMicros,
} from "./time.ts";
export { UnavailablePatterns } from "./unavailable_patterns.ts";
export {
  UPSERT_OPTIONS,
  type UpsertOptions,
  type UpsertRules,
  upsertRules,
} from "./upsert_options.ts";
