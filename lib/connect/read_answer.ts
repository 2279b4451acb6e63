import { isRecord, SluiceError } from "../core/mod.ts";
import type { ConfigError, ConnectorConfig, ConnectorState, ConnectorStatus } from "./connector.ts";

/** A connector's configuration in an answer. */
export function configOf(body: unknown): ConnectorConfig {
  const config = fieldsOf(body);
  for (const [name, value] of Object.entries(config)) {
    if (typeof value !== "string") throw unexpected(body, `text as the value of "${name}"`);
  }
  return config as ConnectorConfig;
}

/** How a connector is, in an answer. */
export function statusOf(body: unknown): ConnectorStatus {
  const { name, type, connector, tasks } = fieldsOf(body);
  if (!Array.isArray(tasks)) throw unexpected(body, 'a list "tasks"');
  return {
    name: String(name),
    type: String(type),
    ...partStatus(connector),
    tasks: tasks
      .map((task) => ({ id: Number(fieldsOf(task).id), ...partStatus(task) }))
      .sort((a, b) => a.id - b.id),
  };
}

/** What is wrong with a configuration, in an answer. */
export function configErrorsOf(body: unknown): ConfigError[] {
  const { configs } = fieldsOf(body);
  if (!Array.isArray(configs)) throw unexpected(body, 'a list "configs"');
  return configs.flatMap((config) => {
    const { name, errors } = fieldsOf(fieldsOf(config).value);
    if (!Array.isArray(errors)) return [];
    return errors.map((message) => ({ name: String(name), message: String(message) }));
  });
}

/** The fields of an answer that is an object. */
export function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  if (isRecord(body)) return body;
  throw unexpected(body, "an object");
}

/** The error for an answer that Kafka Connect does not give. */
export function unexpected(found: unknown, wanted: string): SluiceError {
  return new SluiceError("CONNECT_REFUSED", {
    attempted: "read what Kafka Connect answered",
    // Without the value: it may be a configuration, with passwords in it.
    found: Array.isArray(found) ? "a list" : found === null ? "null" : typeof found,
    wanted,
    hint: "see whether CONNECT_URL is the address of Kafka Connect's REST API",
  });
}

function partStatus(
  part: unknown,
): { state: ConnectorState; workerId: string; trace?: string } {
  const { state, worker_id: workerId, trace } = fieldsOf(part);
  return {
    state: state as ConnectorState,
    workerId: String(workerId ?? ""),
    // Kafka Connect keeps the trace of the last failure while a task starts again.
    ...(state === "FAILED" && typeof trace === "string" ? { trace } : {}),
  };
}
