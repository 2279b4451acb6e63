import { SluiceError } from "../../core/mod.ts";
import type { Action } from "./actions.ts";

/** True if a value is what a field holds. */
type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Check>>;

const isText: Check = (value) => typeof value === "string";
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isInteger: Check = (value) => Number.isSafeInteger(value);
const isObject: Check = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const isValues: Check = (value) =>
  isObject(value) && Object.values(value as object).every((text) => text === null || isText(text));

const VECTOR: { required: Fields; optional: Fields } = {
  required: {
    storageType: isText,
    pathOrInlineDv: isText,
    sizeInBytes: isCount,
    cardinality: isCount,
  },
  optional: { offset: isCount },
};
const isVector: Check = (value) =>
  isObject(value) && problem(value as object, VECTOR) === undefined;

const ROW_IDS: Fields = { baseRowId: isInteger, defaultRowCommitVersion: isInteger };

/** The fields that are relied on. What else an action has is passed on as it is, or left aside. */
const FIELDS: Readonly<Record<string, { required: Fields; optional: Fields }>> = {
  protocol: {
    required: { minReaderVersion: isCount, minWriterVersion: isCount },
    optional: { readerFeatures: isTexts, writerFeatures: isTexts },
  },
  metaData: {
    required: {},
    optional: { schemaString: isText, partitionColumns: isTexts, configuration: isValues },
  },
  txn: { required: { appId: isText, version: isInteger }, optional: {} },
  add: {
    required: { path: isText, partitionValues: isValues },
    optional: { size: isCount, stats: isText, deletionVector: isVector, ...ROW_IDS },
  },
  remove: {
    required: { path: isText },
    optional: { partitionValues: isValues, deletionVector: isVector, ...ROW_IDS },
  },
  cdc: { required: { path: isText, partitionValues: isValues }, optional: {} },
  domainMetadata: { required: { domain: isText }, optional: { configuration: isText } },
  sidecar: { required: { path: isText }, optional: {} },
};

/**
 * Refuses an action that lacks a field it needs, or has one of another type: a log may come from
 * anywhere. Integers past 2^53 are refused too, since they would be rounded.
 *
 * @throws {SluiceError} `CORRUPT_LOG` naming action and field.
 */
export function refuseStrangeAction(action: Action, where: string): void {
  for (const [kind, body] of Object.entries(action)) {
    const fields = Object.hasOwn(FIELDS, kind) ? FIELDS[kind] : undefined;
    if (fields === undefined) continue;
    const wrong = isObject(body) ? problem(body, fields) : "";
    if (wrong === undefined) continue;
    const value = wrong === "" ? body : (body as Record<string, unknown>)[wrong];
    throw new SluiceError("CORRUPT_LOG", {
      attempted: "read an action",
      where,
      found: wrong === "" ? `${kind} ${shown(value)}` : `${kind} with ${wrong} ${shown(value)}`,
      wanted: "what the protocol has there",
    });
  }
}

/** The first field that is not as it should be. */
function problem(
  body: object,
  { required, optional }: { required: Fields; optional: Fields },
): string | undefined {
  const values = body as Record<string, unknown>;
  for (const name in required) if (!required[name]!(values[name])) return name;
  for (const name in optional) {
    if (values[name] !== undefined && !optional[name]!(values[name])) return name;
  }
  return undefined;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
