/**
 * Sources and sinks that need no service: rows by the clock, rows from the program's own memory,
 * rows kept in memory or printed. Lessons, tests and first steps use them in a pipeline's `from`
 * and `to`; they call core and nothing else.
 *
 * @module
 */
export { consoleSink, type ConsoleSinkOptions } from "./console_sink.ts";
export { MemorySink, memorySink, type MemorySinkOptions } from "./memory_sink.ts";
export { MemorySource, memorySource, type MemorySourceOptions } from "./memory_source.ts";
export { type RateRow, rateSource, type RateSourceOptions } from "./rate_source.ts";
