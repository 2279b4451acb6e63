/**
 * Files as sources: a recorded topic of one JSON object a line. A pipeline's `from` step takes it
 * where Kafka is too much, in lessons and tests; it calls the core and the file system.
 *
 * @module
 */
export { ndjson, type NdjsonOptions } from "./ndjson.ts";
