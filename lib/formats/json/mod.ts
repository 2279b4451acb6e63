/**
 * JSON records into typed columns. A pipeline's `decode` step calls it, and formats beside it that are
 * written in JSON call its parts; it calls the core's columns and nothing else. `RecordScanner` is the
 * fast way for ordinary records, `convertValue` the one that knows every type and says what is wrong.
 *
 * @module
 */
export {
  convertValue,
  describeJson,
  isObject,
  Mismatch,
  missing,
  ownField,
} from "./convert_value.ts";
export { json } from "./json_decoder.ts";
export { findSyntaxError, skipString, skipValue, skipWhitespace } from "./json_syntax.ts";
export { JsonNumber, type JsonObject, type JsonValue, parseJson } from "./parse_json.ts";
export { NumberScanner } from "./scan_number.ts";
export { scanDateTime } from "./scan_time.ts";
