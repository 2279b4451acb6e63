/** A connector's configuration, as Kafka Connect keeps it: every value is text. */
export type ConnectorConfig = Readonly<Record<string, string>>;

/** How a connector or a task is, in Kafka Connect's words. */
export type ConnectorState =
  | "UNASSIGNED"
  | "RUNNING"
  | "PAUSED"
  | "STOPPED"
  | "RESTARTING"
  | "FAILED"
  | "DESTROYED";

/** How one task of a connector is. */
export interface TaskStatus {
  /** Its number, from 0. */
  readonly id: number;
  /** How it is. */
  readonly state: ConnectorState;
  /** The worker it runs on, `host:port`. */
  readonly workerId: string;
  /** Why it failed: Java's stack trace. */
  readonly trace?: string;
}

/** How a connector is. */
export interface ConnectorStatus {
  /** Its name. */
  readonly name: string;
  /** `source` brings records into Kafka, `sink` out of it. */
  readonly type: string;
  /** How the connector itself is; its tasks do the work. */
  readonly state: ConnectorState;
  /** The worker it runs on, `host:port`; empty while none has it. */
  readonly workerId: string;
  /** Why the connector itself failed: Java's stack trace. */
  readonly trace?: string;
  /** Its tasks by number; none before they are assigned and while it is stopped. */
  readonly tasks: readonly TaskStatus[];
}

/** What is wrong with one setting of a configuration. */
export interface ConfigError {
  /** The setting's name. */
  readonly name: string;
  /** What Kafka Connect says of it. */
  readonly message: string;
}

/** True if the connector and at least one task run, and none does not. */
export function isRunning({ state, tasks }: ConnectorStatus): boolean {
  return state === "RUNNING" && tasks.length > 0 && tasks.every((task) => task.state === "RUNNING");
}

/** True if the connector or one of its tasks failed. */
export function hasFailed({ state, tasks }: ConnectorStatus): boolean {
  return state === "FAILED" || tasks.some((task) => task.state === "FAILED");
}
