/**
 * What a record is beside its value, as columns of the rows made of it: topic, partition, offset,
 * timestamp, key and headers. A pipeline's `decode` step calls it around any other decoder; it calls
 * that decoder and the core's columns.
 *
 * @module
 */
export { recordHeaders, withRecord } from "./with_record.ts";
