/**
 * JSON records into typed columns. A pipeline's `decode` step calls it; it calls the core's columns
 * and nothing else. `RecordScanner` is the fast way for ordinary records, `convertValue` the one that
 * knows every type and says what is wrong.
 *
 * @module
 */
export { json } from "./json_decoder.ts";
