import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { refuseUnknownOptions, SluiceError } from "../core/mod.ts";
import type { DefaultServiceName, Service, ServiceName } from "./service.ts";
import { services } from "./services.ts";

/** Which services, where they keep their state and which ports they take. */
export interface StackOptions<Name extends ServiceName = DefaultServiceName> {
  /**
   * The services meant. By default Kafka and Postgres are started, all are stopped, and status tells
   * of those two and of others that were started.
   */
  readonly services?: readonly Name[];
  /** The folder of everything the stack keeps: SLUICE_STATE_DIR, else `.sluice` in the checkout. */
  readonly stateDir?: string;
  /** The folder of everything downloaded: `downloads` in the state folder. */
  readonly downloadsDir?: string;
  /** Kafka's port, its controller takes the next one: SLUICE_KAFKA_PORT, else 19092. */
  readonly kafkaPort?: number;
  /** Postgres' port: SLUICE_POSTGRES_PORT, else 15432. */
  readonly postgresPort?: number;
  /** The schema registry's port: SLUICE_REGISTRY_PORT, else 18081. */
  readonly registryPort?: number;
  /** Kafka Connect's port: SLUICE_CONNECT_PORT, else 18083. */
  readonly connectPort?: number;
  /** MariaDB's port: SLUICE_MARIADB_PORT, else 13306. */
  readonly mariadbPort?: number;
  /** Told what takes time; nobody by default. */
  readonly onProgress?: (message: string) => void;
}

/** The options with everything filled in. */
export interface StackSettings {
  /** The services meant. */
  readonly services: readonly Service[];
  /** The folder of everything the stack keeps, absolute. */
  readonly stateDir: string;
  /** The folder of everything downloaded, absolute. */
  readonly downloadsDir: string;
  /** The ports somebody chose; a service without one keeps the port it has, or takes its default. */
  readonly chosenPorts: Readonly<Partial<Record<ServiceName, number>>>;
  /** Told what takes time. */
  readonly onProgress: (message: string) => void;
}

/**
 * Fills in what the options leave open: from the environment, then by default.
 *
 * @param unnamed the services meant where the options name none.
 * @throws {SluiceError} `UNKNOWN_OPTION`, `UNKNOWN_SERVICE` or `INVALID_PORT`.
 */
export function stackSettings(
  attempted: string,
  options: StackOptions<ServiceName>,
  unnamed: readonly Service[] = services.filter((service) => service.onDemand !== true),
): StackSettings {
  refuseUnknownOptions(attempted, options, [
    "services",
    "stateDir",
    "downloadsDir",
    "kafkaPort",
    "postgresPort",
    "registryPort",
    "connectPort",
    "mariadbPort",
    "onProgress",
  ]);
  const stateDir = resolve(
    options.stateDir ?? (Deno.env.get("SLUICE_STATE_DIR") || join(checkoutDir(), ".sluice")),
  );
  const chosenPorts: Partial<Record<ServiceName, number>> = {};
  for (const service of services) {
    const port = options[`${service.name}Port`] ??
      (Deno.env.get(service.portVariable) || undefined);
    if (port !== undefined) chosenPorts[service.name] = checkedPort(attempted, service, port);
  }
  return {
    services: chosenServices(attempted, options.services, unnamed),
    stateDir,
    downloadsDir: resolve(options.downloadsDir ?? join(stateDir, "downloads")),
    chosenPorts,
    onProgress: options.onProgress ?? (() => {}),
  };
}

/** The folder of deno.json, whatever the present folder is. */
function checkoutDir(): string {
  return fileURLToPath(new URL("../../", import.meta.url));
}

function chosenServices(
  attempted: string,
  names: readonly ServiceName[] | undefined,
  unnamed: readonly Service[],
): readonly Service[] {
  if (names === undefined) return unnamed;
  return names.map((name) => {
    const service = services.find((each) => each.name === name);
    if (service !== undefined) return service;
    throw new SluiceError("UNKNOWN_SERVICE", {
      attempted,
      found: `"${name}"`,
      wanted: `one of ${services.map((each) => each.name).join(", ")}`,
    });
  });
}

function checkedPort(attempted: string, service: Service, port: number | string): number {
  const number = Number(port);
  if (Number.isInteger(number) && number >= 1 && service.ports(number).every((p) => p <= 65_535)) {
    return number;
  }
  throw new SluiceError("INVALID_PORT", {
    attempted,
    where: `${service.name}Port or ${service.portVariable}`,
    found: JSON.stringify(port),
    wanted: "a port number",
  });
}
