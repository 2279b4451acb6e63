/**
 * What operators of queries look at: metrics for Prometheus, logs as JSON, and a watchdog for queries
 * that do not get on. Each is asked for by the user, who hands it to `start` as a listener, or a query
 * to it; it calls streaming for what queries tell of themselves, and core.
 *
 *     prometheus      a server of metrics, for all queries of a process
 *     jsonLog         a line for each batch, notice and end, with the batch's trace id
 *     stallWatchdog   tells when a step takes too long
 *
 * @module
 */
export { jsonLog, type JsonLogOptions, type LogLevel } from "./json_log.ts";
export { prometheus, type PrometheusOptions, PrometheusServer } from "./prometheus.ts";
export {
  type Stall,
  StallWatchdog,
  stallWatchdog,
  type StallWatchdogOptions,
} from "./stall_watchdog.ts";
export { type TraceContext, traceContext } from "./trace_context.ts";
