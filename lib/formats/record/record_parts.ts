import {
  type BytesColumn,
  type Column,
  type DataType,
  type Int64Column,
  MAX_TIMESTAMP_MICROS,
  MIN_TIMESTAMP_MICROS,
  type NumberColumn,
  type RecordBlock,
  recordKey,
  recordOffset,
} from "../../core/mod.ts";

/** Something that a record has beside its value, and how it becomes a column. */
export interface RecordPart {
  /** The types that its column can have, for a message. */
  readonly wanted: string;
  /** True if its column can have that type. */
  fits(type: DataType): boolean;
  /** What is wrong with that of a record; absent: nothing ever is. */
  problem?(block: RecordBlock, record: number, type: DataType): string | undefined;
  /** True if a record has none; absent: each has one. */
  isMissing?(block: RecordBlock, record: number): boolean;
  /** Adds those of records that have one without a problem. */
  append(block: RecordBlock, record: number, column: Column): void;
}

/** The parts by their names in Spark. */
export const RECORD_PARTS: Readonly<Record<string, RecordPart>> = {
  topic: {
    wanted: "string",
    fits: (type) => type === "string",
    append: ({ topic }, _record, column) => (column as BytesColumn).appendText(topic),
  },
  partition: {
    wanted: "integer",
    fits: (type) => type === "integer",
    append: ({ partition }, _record, column) => (column as NumberColumn).appendNumber(partition),
  },
  offset: {
    wanted: "long",
    fits: (type) => type === "long",
    append(block, record, column) {
      (column as Int64Column).tryAppendBigInt(recordOffset(block, record));
    },
  },
  timestamp: {
    wanted: "timestamp",
    fits: (type) => type === "timestamp",
    isMissing: ({ timestampsMs }, record) => timestampsMs[record] === -1,
    problem({ timestampsMs }, record) {
      const micros = BigInt(timestampsMs[record]!) * 1000n;
      if (micros >= MIN_TIMESTAMP_MICROS && micros <= MAX_TIMESTAMP_MICROS) return undefined;
      return `found ${timestampsMs[record]} ms since 1970, wanted the years 1 to 9999`;
    },
    append({ timestampsMs }, record, column) {
      (column as Int64Column).tryAppendBigInt(BigInt(timestampsMs[record]!) * 1000n);
    },
  },
  key: {
    wanted: "binary or string",
    fits: (type) => type === "binary" || type === "string",
    isMissing: ({ keyStarts }, record) => keyStarts[record]! < 0,
    problem(block, record, type) {
      const isText = type === "binary" || isUtf8(recordKey(block, record)!);
      return isText ? undefined : "found bytes that are not UTF-8, wanted string";
    },
    append({ bytes, keyStarts, keyEnds }, record, column) {
      (column as BytesColumn).appendBytes(bytes, keyStarts[record]!, keyEnds[record]!);
    },
  },
  headers: {
    wanted: "recordHeaders()",
    fits: isHeaders,
    append: (block, record, column) => column.append(block.headers(record)),
  },
};

const utf8 = new TextDecoder("utf-8", { fatal: true });

function isUtf8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** True for what `recordHeaders` makes: `array<struct<key:string,value:binary>>`. */
function isHeaders(type: DataType): boolean {
  if (typeof type !== "object" || type.type !== "array") return false;
  const { elementType } = type;
  if (typeof elementType !== "object" || elementType.type !== "struct") return false;
  const [key, value, ...others] = elementType.fields;
  return key?.name === "key" && key.type === "string" &&
    value?.name === "value" && value.type === "binary" && value.nullable && others.length === 0;
}
