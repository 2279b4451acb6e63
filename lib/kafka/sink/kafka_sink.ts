import {
  badOption,
  refuseUnknownOptions,
  type Sink,
  type SinkContext,
  SluiceError,
} from "../../core/mod.ts";
import { describeConfigs } from "../admin/topic_configs.ts";
import { KafkaClient } from "../client.ts";
import { codecOf, COMPRESSION_TYPES, type CompressionType } from "../compression.ts";
import { CONNECTION_OPTIONS, type KafkaConnection, resolveConnection } from "../options.ts";
import { KafkaSinkWriter } from "./kafka_sink_writer.ts";
import { checkRecordColumns, type RecordColumns } from "./record_columns.ts";

/** Kafka's default of `max.message.bytes`. */
const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588;

/** Where rows go, and which records they become. */
export interface KafkaSinkOptions extends KafkaConnection {
  /** The topic; it must be there. */
  readonly topic: string;
  /**
   * The column that is the key: text or bytes as they are, any other type as JSON. Several columns
   * are a JSON object of them. Default: the columns that tell the rows of the result apart, and where
   * there are none, no key.
   */
  readonly key?: string | readonly string[];
  /** The column of text or bytes that is the value; default: the row as a JSON object. */
  readonly value?: string;
  /** The column of headers, `array<struct<key:string,value:binary>>`; default: none. */
  readonly headers?: string;
  /**
   * The integer column that names the partition; default, and where it is null: by the key as in
   * Kafka's Java client, and without a key one after the other.
   */
  readonly partition?: string;
  /** The timestamp column that is the record's timestamp; default, and where it is null: now. */
  readonly timestamp?: string;
  /** How records are packed; default `none`. */
  readonly compressionType?: CompressionType;
}

const KNOWN_OPTIONS = [
  "topic",
  "key",
  "value",
  "headers",
  "partition",
  "timestamp",
  "compressionType",
  ...CONNECTION_OPTIONS,
];

/**
 * Writes rows into a Kafka topic, each once: a batch is one transaction that also stores its key, so
 * readers need `read_committed`. The newest run of a query fences those before it.
 *
 * A value of JSON has all columns but those for headers and partition: integers and decimals with all
 * digits, timestamps and dates in ISO 8601, binary in base64, nulls as null. `json` reads it back,
 * but for `NaN` and the infinities, which are text.
 *
 * In update mode a row that is no longer in the result becomes a tombstone: its key with a null
 * value, as a topic with `cleanup.policy=compact` wants it. In complete mode all rows of the result
 * are written for every batch, as a topic has no place to put them in.
 *
 * The key is an offset of consumer group `sluice-<queryId>`. Brokers forget it when the query was
 * down for longer than their `offsets.retention.minutes` (a week); the query is then refused.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION` or `KAFKA_BROKERS_MISSING` at once; from `open`
 * `UNKNOWN_COLUMN` or `SCHEMA_MISMATCH` if the columns do not fit, `KEY_MISSING` in update mode, and
 * `TOPIC_NOT_FOUND`; from a batch `RECORD_TOO_LARGE`, `PARTITION_NOT_FOUND`, `KEY_MISSING` for a row
 * without a key in update mode, `TOPIC_RECREATED`, `PROGRESS_LOST`, `SINK_AHEAD`, `SINK_BEHIND` and
 * `FENCED`; from both `TRANSACTION_UNDECIDED` if brokers lost the end of a transaction and nobody knows
 * how it was decided.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { kafkaSink } from "./kafka_sink.ts";
 *
 * const sink = kafkaSink({ topic: "large-trades", key: "symbol", brokers: ["127.0.0.1:9092"] });
 * equal(sink.name, "kafka(large-trades)");
 * ```
 */
export function kafkaSink(options: KafkaSinkOptions): Sink {
  const { topic, compressionType = "none" } = options;
  const attempted = `write to Kafka topic "${topic}"`;
  refuseUnknownOptions(attempted, options, KNOWN_OPTIONS);
  if (typeof topic !== "string" || topic === "") {
    throw badOption("write to Kafka", "topic", String(topic), "the name of a topic");
  }
  if (!COMPRESSION_TYPES.includes(compressionType)) {
    const found = JSON.stringify(compressionType);
    throw badOption(attempted, "compressionType", found, COMPRESSION_TYPES.join(", "));
  }
  const connection = resolveConnection(options);
  const type = COMPRESSION_TYPES.indexOf(compressionType);
  return {
    name: `kafka(${topic})`,
    takesDeadLetters: false,
    outputModes: ["append", "update", "complete"],
    async open(context) {
      const columns = recordColumns(options, context);
      checkRecordColumns(attempted, columns, context.schema);
      if (context.outputMode === "update" && columns.key.length === 0) throw keyMissing(attempted);
      const compression = { type, codec: await codecOf(type) };
      const client = new KafkaClient(connection);
      try {
        const { topicId } = await client.patiently(() => client.topic(topic));
        const maxMessageBytes = await maxMessageBytesOf(client, topic);
        const target = { topic, topicId, columns, compression, maxMessageBytes };
        const writer = new KafkaSinkWriter(client, target, context);
        await writer.init();
        return writer;
      } catch (error) {
        client.close();
        throw error;
      }
    },
  };
}

function recordColumns(
  { key, value, headers, partition, timestamp }: KafkaSinkOptions,
  context: SinkContext,
): RecordColumns {
  const names = key === undefined ? context.keyColumns : typeof key === "string" ? [key] : key;
  return { key: names, value, headers, partition, timestamp };
}

async function maxMessageBytesOf(client: KafkaClient, topic: string): Promise<number> {
  try {
    const [config] = await describeConfigs(client, topic, ["max.message.bytes"]);
    return Number(config?.value ?? DEFAULT_MAX_MESSAGE_BYTES);
  } catch (error) {
    // Not everyone who may write may ask: then the default is as good a guess as any.
    if (error instanceof SluiceError && /AUTHORIZATION_FAILED/.test(error.message)) {
      return DEFAULT_MAX_MESSAGE_BYTES;
    }
    throw error;
  }
}

function keyMissing(attempted: string): SluiceError {
  return new SluiceError("KEY_MISSING", {
    attempted,
    found: "no key in update mode, in which the result has no columns that tell its rows apart",
    wanted: 'the option "key"',
  });
}
