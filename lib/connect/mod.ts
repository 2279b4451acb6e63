/**
 * Kafka Connect's REST API: what its workers run, how that is, and connectors made as a file says.
 * Debezium's connectors, which bring the changes of databases into topics, are known by name where
 * that helps a person. Commands call it; it calls core only, and Kafka Connect.
 *
 * @module
 */
export { type AppliedConnector, applyConnector } from "./apply_connector.ts";
export { ConnectClient, type WaitOptions } from "./connect_client.ts";
export type { ConnectOptions } from "./connect_http.ts";
export {
  type ConfigError,
  type ConnectorConfig,
  type ConnectorState,
  type ConnectorStatus,
  hasFailed,
  isRunning,
  type TaskStatus,
} from "./connector.ts";
export { explainFailure, type FailureExplanation } from "./explain_failure.ts";
export { publicationOf, slotOf } from "./failure_hints.ts";
