import { SluiceError, systemClock } from "../core/mod.ts";
import {
  type ConnectAnswer,
  ConnectHttp,
  type ConnectOptions,
  type ConnectRequest,
} from "./connect_http.ts";
import type { ConfigError, ConnectorConfig, ConnectorStatus } from "./connector.ts";
import { hasFailed, isRunning } from "./connector.ts";
import { explainFailure, type FailureExplanation } from "./explain_failure.ts";
import { configErrorsOf, configOf, fieldsOf, statusOf, unexpected } from "./read_answer.ts";

/** How long to wait, and what for. */
export interface WaitOptions {
  /** Give up after this long, in milliseconds; absent: one minute. */
  readonly timeoutMs?: number;
}

const NOT_FOUND = 404;
const POLL_MS = 100;
const DEFAULT_WAIT_MS = 60_000;
/** A restart that was asked for shows in the status within this time. */
const RESTART_SHOWS_MS = 5_000;

/**
 * Kafka Connect's REST API: what its workers run, and how that is.
 *
 * @example
 * ```ts ignore
 * import { ConnectClient } from "./connect_client.ts";
 *
 * const connect = new ConnectClient({ url: "http://127.0.0.1:18083" });
 * await connect.putConfig("orders", { "connector.class": "…", "topic.prefix": "shop" });
 * await connect.waitUntilRunning("orders");
 * ```
 */
export class ConnectClient {
  readonly #http: ConnectHttp;

  /**
   * Asks nothing yet.
   *
   * @throws {SluiceError} `UNKNOWN_OPTION` or `BAD_OPTION`.
   */
  constructor(options: ConnectOptions) {
    this.#http = new ConnectHttp(options);
  }

  /** Its address without user and password. */
  get where(): string {
    return this.#http.where;
  }

  /**
   * The version of Kafka Connect and the id of the Kafka cluster it works with.
   *
   * @throws {SluiceError} `CONNECT_UNAVAILABLE` (retryable), `CONNECT_DENIED` or `CONNECT_REFUSED`,
   * as all the others.
   */
  async version(): Promise<{ readonly version: string; readonly kafkaClusterId: string }> {
    const body = await this.#wanted({
      attempted: "ask for the version of Kafka Connect",
      path: "/",
    });
    const { version, kafka_cluster_id: kafkaClusterId } = fieldsOf(body);
    return { version: String(version), kafkaClusterId: String(kafkaClusterId) };
  }

  /** The classes of the connectors that its workers can run. */
  async plugins(): Promise<string[]> {
    const path = "/connector-plugins";
    const body = await this.#wanted({ attempted: "list the plugins of Kafka Connect", path });
    if (!Array.isArray(body)) throw unexpected(body, "a list");
    return body.map((plugin) => String(fieldsOf(plugin).class));
  }

  /** All connectors by name, with how they are. */
  async list(): Promise<ConnectorStatus[]> {
    const attempted = "list the connectors";
    const names = await this.#wanted({ attempted, path: "/connectors" });
    if (!Array.isArray(names)) throw unexpected(names, "a list");
    const found = await Promise.all(names.sort().map((name) => this.status(String(name))));
    return found.filter((status) => status !== undefined);
  }

  /** How a connector is; `undefined` if there is none of that name. */
  async status(name: string): Promise<ConnectorStatus | undefined> {
    const attempted = `ask how connector "${name}" is`;
    const request = { attempted, path: `${pathOf(name)}/status` };
    const answer = await this.#http.ask(request);
    if (answer.status !== NOT_FOUND) return statusOf(this.#bodyOf(request, answer));
    // One that was made a moment ago has no status yet.
    const config = await this.config(name);
    if (config === undefined) return undefined;
    return { name, type: "unknown", state: "UNASSIGNED", workerId: "", tasks: [] };
  }

  /** A connector's configuration, passwords included; `undefined` if there is none of that name. */
  async config(name: string): Promise<ConnectorConfig | undefined> {
    const attempted = `read the configuration of connector "${name}"`;
    const request = { attempted, path: `${pathOf(name)}/config` };
    const answer = await this.#http.ask(request);
    return answer.status === NOT_FOUND ? undefined : configOf(this.#bodyOf(request, answer));
  }

  /**
   * What is wrong with a configuration; nothing if a connector can be made of it. The connector itself
   * looks too: Debezium logs in to its database.
   *
   * @throws {SluiceError} `CONNECTOR_CLASS_MISSING` if no worker has the class.
   */
  async validate(config: ConnectorConfig): Promise<ConfigError[]> {
    const connectorClass = config["connector.class"];
    if (connectorClass === undefined) return [{ name: "connector.class", message: "is missing" }];
    await this.#requirePlugin(connectorClass);
    const body = await this.#wanted({
      attempted: `validate a configuration for ${connectorClass}`,
      method: "PUT",
      path: `/connector-plugins/${encodeURIComponent(connectorClass)}/config/validate`,
      body: config,
    });
    return configErrorsOf(body);
  }

  /** Makes a connector, or gives it another configuration; it starts again with that by itself. */
  async putConfig(name: string, config: ConnectorConfig): Promise<"created" | "updated"> {
    const attempted = `configure connector "${name}"`;
    const request: ConnectRequest = {
      attempted,
      method: "PUT",
      path: `${pathOf(name)}/config`,
      body: config,
    };
    const answer = await this.#http.ask(request);
    this.#bodyOf(request, answer);
    return answer.status === 201 ? "created" : "updated";
  }

  /** Lets a connector rest; its tasks stay where they are. It may take a moment. */
  async pause(name: string): Promise<void> {
    await this.#change(name, "pause", "PUT", "/pause");
  }

  /** Lets a paused or stopped connector go on. It may take a moment. */
  async resume(name: string): Promise<void> {
    await this.#change(name, "resume", "PUT", "/resume");
  }

  /** Ends a connector's tasks, and returns when they are gone; it keeps its configuration and offsets. */
  async stop(name: string, { timeoutMs = DEFAULT_WAIT_MS }: WaitOptions = {}): Promise<void> {
    await this.#change(name, "stop", "PUT", "/stop");
    const attempted = `stop connector "${name}"`;
    await this.#until(name, attempted, timeoutMs, "no tasks", (status) => {
      return status.state === "STOPPED" && status.tasks.length === 0;
    });
  }

  /** Starts a connector and all its tasks again, and returns when they all run, as `waitUntilRunning`. */
  async restart(name: string, options: WaitOptions = {}): Promise<ConnectorStatus> {
    const before = JSON.stringify(await this.status(name));
    await this.#change(name, "restart", "POST", "/restart?includeTasks=true&onlyFailed=false");
    // Until then the status is that of before, which may be a failure that is mended.
    for (const deadline = performance.now() + RESTART_SHOWS_MS; performance.now() < deadline;) {
      if (JSON.stringify(await this.status(name)) !== before) break;
      await pause();
    }
    return await this.waitUntilRunning(name, options);
  }

  /**
   * Forgets how far a stopped connector has come: started again, it begins anew.
   *
   * @throws {SluiceError} `CONNECT_REFUSED` if it is not stopped.
   */
  async resetOffsets(name: string): Promise<void> {
    await this.#change(name, "reset the offsets of", "DELETE", "/offsets");
  }

  /** Removes a connector; what it left in its database, such as a replication slot, stays there. */
  async delete(name: string): Promise<void> {
    await this.#change(name, "delete", "DELETE", "");
  }

  /**
   * Waits until a connector and all its tasks run.
   *
   * @throws {SluiceError} `CONNECTOR_FAILED` as soon as it or a task failed, with the reason and what
   * to do; `CONNECTOR_MISSING`; `CONNECTOR_NOT_RUNNING` when the time is up.
   */
  async waitUntilRunning(
    name: string,
    { timeoutMs = DEFAULT_WAIT_MS }: WaitOptions = {},
  ): Promise<ConnectorStatus> {
    const attempted = `run connector "${name}"`;
    return await this.#until(
      name,
      attempted,
      timeoutMs,
      "RUNNING in every task",
      async (status) => {
        if (hasFailed(status)) throw await this.#failure(status);
        return isRunning(status);
      },
    );
  }

  /** Why a connector failed, as its own trace or that of its first failed task says. */
  async explain(status: ConnectorStatus): Promise<FailureExplanation> {
    const failed = status.tasks.find(({ state }) => state === "FAILED");
    return explainFailure(
      failed?.trace ?? status.trace ?? "",
      await this.config(status.name) ?? {},
    );
  }

  async #failure(status: ConnectorStatus): Promise<SluiceError> {
    const { name, tasks } = status;
    const failed = tasks.find(({ state }) => state === "FAILED");
    const { problem, hint } = await this.explain(status);
    return new SluiceError("CONNECTOR_FAILED", {
      attempted: `run connector "${name}"`,
      where: failed === undefined ? this.where : `${this.where}, task ${failed.id}`,
      found: problem,
      hint: `${hint}, then \`deno task connectors restart ${name}\``,
    });
  }

  async #until(
    name: string,
    attempted: string,
    timeoutMs: number,
    wanted: string,
    isThere: (status: ConnectorStatus) => boolean | Promise<boolean>,
  ): Promise<ConnectorStatus> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const status = await this.status(name);
      if (status === undefined) throw this.#missing(attempted, name);
      if (await isThere(status)) return status;
      if (performance.now() > deadline) {
        throw new SluiceError("CONNECTOR_NOT_RUNNING", {
          attempted,
          where: this.where,
          found: `it ${stateText(status)} after ${timeoutMs / 1000} s`,
          wanted,
          hint: "look into the log of Kafka Connect, or resume it where somebody paused it",
          retryable: true,
        });
      }
      await pause();
    }
  }

  async #change(
    name: string,
    verb: string,
    method: "POST" | "PUT" | "DELETE",
    action: string,
  ): Promise<void> {
    const attempted = `${verb} connector "${name}"`;
    const request: ConnectRequest = { attempted, method, path: pathOf(name) + action };
    const answer = await this.#http.ask(request);
    if (answer.status === NOT_FOUND) throw this.#missing(attempted, name);
    this.#bodyOf(request, answer);
  }

  async #requirePlugin(connectorClass: string): Promise<void> {
    const classes = await this.plugins();
    // As Connect has it, a class goes by its simple name too.
    if (classes.some((each) => each === connectorClass || each.endsWith(`.${connectorClass}`))) {
      return;
    }
    throw new SluiceError("CONNECTOR_CLASS_MISSING", {
      attempted: "find the connector's class",
      where: this.where,
      found: `no ${connectorClass}`,
      wanted: `one of ${classes.join(", ")}`,
      hint: "correct connector.class, or put the plugin into the workers' plugin.path",
    });
  }

  #missing(attempted: string, name: string): SluiceError {
    return new SluiceError("CONNECTOR_MISSING", {
      attempted,
      where: this.where,
      found: `no connector "${name}"`,
      hint: "`deno task connectors status` lists those there are",
    });
  }

  async #wanted(request: ConnectRequest): Promise<unknown> {
    return this.#bodyOf(request, await this.#http.ask(request));
  }

  #bodyOf(request: ConnectRequest, answer: ConnectAnswer): unknown {
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw this.#http.refused(request, answer);
  }
}

function pathOf(name: string): string {
  return `/connectors/${encodeURIComponent(name)}`;
}

function pause(): Promise<void> {
  return systemClock.sleep(POLL_MS, new AbortController().signal);
}

/** `is RUNNING, its tasks 0 RUNNING, 1 UNASSIGNED`. */
function stateText({ state, tasks }: ConnectorStatus): string {
  const states = tasks.map((task) => `${task.id} ${task.state}`).join(", ");
  return `is ${state}, ${states === "" ? "without tasks" : `its tasks ${states}`}`;
}
