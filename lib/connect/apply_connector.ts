import { SluiceError } from "../core/mod.ts";
import type { ConnectClient, WaitOptions } from "./connect_client.ts";
import { type ConnectorConfig, type ConnectorStatus, hasFailed } from "./connector.ts";

/** What applying a configuration did. */
export interface AppliedConnector {
  /** `unchanged`: it had that configuration; `restarted`: it had, but had failed. */
  readonly outcome: "created" | "changed" | "restarted" | "unchanged";
  /** The names of the settings that are other than before, in order. */
  readonly changed: readonly string[];
  /** How it is now; one that somebody paused or stopped still is. */
  readonly status: ConnectorStatus;
}

/**
 * Makes a connector as its configuration says, once: one that has that configuration already is left
 * alone, unless it failed. Returns when all its tasks run; one that is paused or stopped stays so.
 *
 * @example
 * ```ts ignore
 * import { applyConnector } from "./apply_connector.ts";
 * import { ConnectClient } from "./connect_client.ts";
 *
 * const connect = new ConnectClient({ url: "http://127.0.0.1:18083" });
 * const config = JSON.parse(await Deno.readTextFile("data/connectors/orders.json"));
 * const { outcome } = await applyConnector(connect, "orders", config);
 * ```
 *
 * @throws {SluiceError} `CONNECTOR_INVALID` if Kafka Connect does not take the configuration, which
 * then is not changed; `CONNECTOR_CLASS_MISSING`, `CONNECTOR_FAILED`, `CONNECTOR_NOT_RUNNING` and
 * what each request to Kafka Connect may throw.
 */
export async function applyConnector(
  connect: ConnectClient,
  name: string,
  config: ConnectorConfig,
  options: WaitOptions = {},
): Promise<AppliedConnector> {
  // Connect keeps the name in the configuration.
  const wanted: ConnectorConfig = { ...config, name };
  const [found, status] = await Promise.all([connect.config(name), connect.status(name)]);
  if (found === undefined || status === undefined) {
    await requireValid(connect, name, wanted);
    await connect.putConfig(name, wanted);
    const changed = Object.keys(wanted).sort();
    return { outcome: "created", changed, status: await connect.waitUntilRunning(name, options) };
  }
  const rests = status.state === "PAUSED" || status.state === "STOPPED";
  const changed = differences(found, wanted);
  if (changed.length === 0) {
    if (rests) return { outcome: "unchanged", changed, status };
    return hasFailed(status)
      ? { outcome: "restarted", changed, status: await connect.restart(name, options) }
      : { outcome: "unchanged", changed, status: await connect.waitUntilRunning(name, options) };
  }
  await requireValid(connect, name, wanted);
  if (rests) {
    await connect.putConfig(name, wanted);
    return { outcome: "changed", changed, status };
  }
  // Stopped first: a status of RUNNING then is that of the new configuration.
  await connect.stop(name, options);
  try {
    await connect.putConfig(name, wanted);
  } finally {
    await connect.resume(name);
  }
  return { outcome: "changed", changed, status: await connect.waitUntilRunning(name, options) };
}

/** The names of settings that one has and the other has not, or has with another value. */
function differences(found: ConnectorConfig, wanted: ConnectorConfig): string[] {
  const names = new Set([...Object.keys(found), ...Object.keys(wanted)]);
  return [...names].filter((name) => found[name] !== wanted[name]).sort();
}

async function requireValid(
  connect: ConnectClient,
  name: string,
  config: ConnectorConfig,
): Promise<void> {
  const errors = await connect.validate(config);
  if (errors.length === 0) return;
  throw new SluiceError("CONNECTOR_INVALID", {
    attempted: `apply connector "${name}"`,
    where: connect.where,
    found: errors.map(({ name, message }) => `${name}: ${message}`).join("; "),
    hint: "correct these settings and apply it again; nothing was changed",
  });
}
