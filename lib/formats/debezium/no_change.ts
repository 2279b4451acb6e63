import { describeJson, isObject, type JsonObject, ownField, parseJson } from "../json/mod.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Why an object of Debezium's that is no change of a row is none; it is in `bytes[start, end)`. */
export function describeNoChange(bytes: Uint8Array, start: number, end: number): string {
  const json = parseJson(utf8.decode(bytes.subarray(start, end)).trim());
  const has = (name: string) => isObject(json) && ownField(json, name) !== undefined;
  if (has("op")) return describeOperation(json as JsonObject);
  if (has("ddl") || has("tableChanges")) return other("a change of a table's columns");
  if (has("status") && has("id")) return other("the begin or end of a transaction");
  if (isObject(json) && Object.keys(json).every((name) => /^ts_(ms|us|ns)$/.test(name))) {
    return other("a heartbeat");
  }
  return "found neither op with before or after, nor __op, wanted a change of a row: records that " +
    "ExtractNewRecordState made need add.fields=op";
}

function other(what: string): string {
  return `found ${what}, wanted a change of a row: such records have a topic of their own, which is ` +
    "not to be read with those of tables";
}

function describeOperation(json: JsonObject): string {
  const op = ownField(json, "op");
  if (op === "t") {
    return `op "t": table ${tableOf(json)} was emptied by truncate, which says nothing of single ` +
      "rows: those that were read before are still there";
  }
  if (op === "m") return other("a message that was written into the log");
  return `field "op": found ${describeJson(op!)}, wanted "r", "c", "u" or "d"`;
}

function tableOf(json: JsonObject): string {
  const source = ownField(json, "source") ?? null;
  if (!isObject(source)) return "?";
  const names = ["db", "schema", "table"].map((name) => ownField(source, name));
  return names.filter((name) => typeof name === "string").join(".");
}
