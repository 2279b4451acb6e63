import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { SluiceError } from "../core/mod.ts";
import { withFileLock } from "./file_lock.ts";
import { isAlive } from "./process.ts";
import type {
  AddressNames,
  DefaultServiceName,
  Service,
  ServiceName,
  StackAddresses,
} from "./service.ts";
import { logFile, readRecord, startService, stopService, wipeService } from "./service_runner.ts";
import { services } from "./services.ts";
import { type StackOptions, type StackSettings, stackSettings } from "./settings.ts";

/** How one service is. */
export interface ServiceStatus {
  /** Its name in options. */
  readonly name: ServiceName;
  /** Its name for people. */
  readonly title: string;
  /** `died`: started and gone without being stopped; `silent`: there, but it does not answer. */
  readonly state: "running" | "stopped" | "died" | "silent" | "given";
  /** What clients connect to; a given password is left out. */
  readonly address: string;
  /** The process id, while there is a process. */
  readonly pid?: number;
  /** The version that is started here; not known of a given service. */
  readonly version?: string;
  /** Its log. */
  readonly logFile?: string;
  /** The environment variable that gives the address. */
  readonly givenBy?: string;
}

/** Free space below which nothing is started, in bytes. */
const minFreeBytes = 512 * 1024 * 1024;

/**
 * Makes sure that the services answer: KAFKA_BROKERS, DATABASE_URL and SCHEMA_REGISTRY_URL name
 * services that run elsewhere, and what they leave open is started on this machine.
 *
 * Started services outlive this process; `stopStack` ends them.
 *
 * @example
 * ```ts ignore
 * const { kafkaBrokers, databaseUrl } = await ensureStack({ onProgress: console.error });
 * ```
 *
 * @returns the addresses of the services asked for.
 * @throws {SluiceError} as `startStack` does.
 */
export async function ensureStack<Name extends ServiceName = DefaultServiceName>(
  options: StackOptions<Name> = {},
): Promise<Pick<StackAddresses, AddressNames[Name]>> {
  const settings = stackSettings("find the services", options);
  const missing = settings.services.filter((service) => givenAddress(service) === undefined);
  const ports = missing.length === 0
    ? new Map<ServiceName, number>()
    : await startServices({ ...settings, services: missing });
  return addresses(settings.services, (service) => {
    const port = ports.get(service.name);
    return port === undefined ? givenAddress(service)! : service.address(port);
  });
}

/**
 * Starts services on this machine, whatever KAFKA_BROKERS and DATABASE_URL say; those that run are left alone.
 *
 * @returns the addresses of the services asked for.
 * @throws {SluiceError} `JAVA_MISSING`, `JAVA_TOO_OLD`, `MAVEN_MISSING`, `DOWNLOAD_FAILED`,
 * `PORT_BUSY`, `PORT_DIFFERS`, `SERVICE_DIED`, `SERVICE_NOT_READY`, `DISK_FULL`,
 * `UNSUPPORTED_SYSTEM` and others that say what to do.
 */
export async function startStack<Name extends ServiceName = DefaultServiceName>(
  options: StackOptions<Name> = {},
): Promise<Pick<StackAddresses, AddressNames[Name]>> {
  const settings = stackSettings("start the services", options);
  const ports = await startServices(settings);
  return addresses(settings.services, (service) => service.address(ports.get(service.name)!));
}

/**
 * Ends the services that `startStack` and `ensureStack` started, in good order; `wipe` forgets their data too.
 *
 * @throws {SluiceError} `NOT_ALLOWED` when another user started them.
 */
export async function stopStack(
  options: StackOptions<ServiceName> & { readonly wipe?: boolean } = {},
): Promise<void> {
  const { wipe = false, ...stackOptions } = options;
  const settings = stackSettings("stop the services", stackOptions, services);
  await locked(settings, async () => {
    await allOrFirstError(settings.services.map(async (service) => {
      await stopService(service, settings);
      if (wipe && await wasStarted(service, settings)) await wipeService(service, settings);
    }));
  });
}

/**
 * Tells how the services are.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { stackStatus } from "./stack.ts";
 *
 * const statuses = await stackStatus({ services: ["kafka", "postgres"] });
 * deepEqual(statuses.map(({ name }) => name), ["kafka", "postgres"]);
 * ```
 */
export async function stackStatus(
  options: StackOptions<ServiceName> = {},
): Promise<ServiceStatus[]> {
  const settings = stackSettings("tell how the services are", options, services);
  const meant: Service[] = [];
  for (const service of settings.services) {
    const isNamed = options.services !== undefined || service.onDemand !== true;
    if (isNamed || givenAddress(service) !== undefined || await wasStarted(service, settings)) {
      meant.push(service);
    }
  }
  return await Promise.all(meant.map((service) => serviceStatus(service, settings)));
}

/** False for a service on demand that nobody asked for since its data was last forgotten. */
async function wasStarted(service: Service, settings: StackSettings): Promise<boolean> {
  if (service.onDemand !== true) return true;
  return await Deno.stat(logFile(service, settings.stateDir)).then(() => true, () => false);
}

async function serviceStatus(service: Service, settings: StackSettings): Promise<ServiceStatus> {
  const { name, title, version } = service;
  const given = givenAddress(service);
  if (given !== undefined) {
    const address = given.replace(/:[^:@/]*@/, ":***@");
    return { name, title, state: "given", address, givenBy: service.addressVariable };
  }
  const record = await readRecord(service, settings.stateDir);
  const port = record?.port ?? settings.chosenPorts[name] ?? service.defaultPort;
  const status = {
    name,
    title,
    version,
    address: service.address(port),
    logFile: logFile(service, settings.stateDir),
  };
  if (record === undefined) return { ...status, state: "stopped" };
  if (!await isAlive(record)) return { ...status, state: "died" };
  const state = await service.answers(port) ? "running" : "silent";
  return { ...status, state, pid: record.pid };
}

async function startServices(settings: StackSettings): Promise<Map<ServiceName, number>> {
  requireSupportedSystem();
  const ports = new Map<ServiceName, number>();
  await locked(settings, async () => {
    await requireFreeSpace(settings.stateDir);
    await allOrFirstError(settings.services.map(async (service) => {
      ports.set(service.name, await startService(service, settings));
    }));
  });
  return ports;
}

async function locked<T>(settings: StackSettings, work: () => Promise<T>): Promise<T> {
  return await withFileLock(
    join(settings.stateDir, "lock"),
    () => settings.onProgress("waiting for another process that starts or stops the services"),
    work,
  );
}

/** Lets all come to their end before the first error is thrown, so that nothing goes on behind it. */
async function allOrFirstError(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) {
    if (result.status === "rejected") throw result.reason;
  }
}

function addresses<Name extends ServiceName>(
  services: readonly Service[],
  addressOf: (service: Service) => string,
): Pick<StackAddresses, AddressNames[Name]> {
  const found = services.map((service) => service.addresses(addressOf(service)));
  return Object.assign({}, ...found);
}

/** An empty variable gives nothing. */
function givenAddress(service: Service): string | undefined {
  return Deno.env.get(service.addressVariable) || undefined;
}

function requireSupportedSystem(): void {
  if (Deno.build.os === "linux" || Deno.build.os === "darwin") return;
  throw new SluiceError("UNSUPPORTED_SYSTEM", {
    attempted: "start the services without Docker",
    found: Deno.build.os,
    wanted: "Linux or macOS",
    hint: "run `docker compose up --wait` and set KAFKA_BROKERS=127.0.0.1:19092 and " +
      "DATABASE_URL=postgres://sluice:sluice@127.0.0.1:15432/sluice",
  });
}

async function requireFreeSpace(stateDir: string): Promise<void> {
  const { bavail, bsize } = await statfs(stateDir);
  if (bavail * bsize >= minFreeBytes) return;
  throw new SluiceError("DISK_FULL", {
    attempted: "start the services",
    where: stateDir,
    found: `${Math.floor(bavail * bsize / 1e6)} MB free`,
    wanted: `at least ${Math.ceil(minFreeBytes / 1e6)} MB`,
    hint: "make room, or name a folder on another disk with SLUICE_STATE_DIR",
  });
}
