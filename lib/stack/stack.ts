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
  /** The environment variable that hands the address to programs. */
  readonly addressVariable: string;
  /** The process id, while there is a process. */
  readonly pid?: number;
  /** The version that is started here; not known of a given service, nor of the system's own. */
  readonly version?: string;
  /** Its log. */
  readonly logFile?: string;
  /** The environment variable, where that gives the address. */
  readonly givenBy?: string;
}

/** Free space below which nothing is started, in bytes. */
const minFreeBytes = 512 * 1024 * 1024;

/**
 * Makes sure that the services answer: KAFKA_BROKERS, DATABASE_URL, SCHEMA_REGISTRY_URL, CONNECT_URL
 * and MYSQL_URL name services that run elsewhere, and what they leave open is started on this machine.
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
  return addresses(settings.services, await startServices(settings, givenAddress));
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
  return addresses(settings.services, await startServices(settings, () => undefined));
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
    for (const services of startOrder(settings.services).reverse()) {
      await allOrFirstError(services.map((service) => stopService(service, settings)));
    }
    if (!wipe) return;
    await allOrFirstError(settings.services.map(async (service) => {
      if (await wasStarted(service, settings)) await wipeService(service, settings);
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
  const { name, title, version, addressVariable } = service;
  const given = givenAddress(service);
  if (given !== undefined) {
    const address = given.replace(/:[^:@/]*@/, ":***@");
    const state = "given";
    return { name, title, state, address, addressVariable, givenBy: addressVariable };
  }
  const record = await readRecord(service, settings.stateDir);
  const port = record?.port ?? settings.chosenPorts[name] ?? service.defaultPort;
  const status = {
    name,
    title,
    ...(version === undefined ? {} : { version }),
    address: service.address(port),
    addressVariable,
    logFile: logFile(service, settings.stateDir),
  };
  if (record === undefined) return { ...status, state: "stopped" };
  if (!await isAlive(record)) return { ...status, state: "died" };
  const state = await service.answers(port) ? "running" : "silent";
  return { ...status, state, pid: record.pid };
}

/**
 * Starts what is not given, and what that needs.
 *
 * @param given the address of a service that runs elsewhere; `undefined` for one to start here.
 * @returns the address of each.
 */
async function startServices(
  settings: StackSettings,
  given: (service: Service) => string | undefined,
): Promise<Map<ServiceName, string>> {
  const found = new Map<ServiceName, string>();
  const missing: Service[] = [];
  for (const service of withNeeded(settings.services, given)) {
    const address = given(service);
    if (address === undefined) missing.push(service);
    else found.set(service.name, address);
  }
  if (missing.length === 0) return found;
  requireSupportedSystem();
  await locked(settings, async () => {
    await requireFreeSpace(settings.stateDir);
    for (const group of startOrder(missing)) {
      await allOrFirstError(group.map(async (service) => {
        const needed = services.filter(({ name }) => service.needs?.includes(name));
        const port = await startService(service, settings, addresses(needed, found));
        found.set(service.name, service.address(port));
      }));
    }
  });
  return found;
}

/** The services with those that they need to be started here; each once. */
function withNeeded(
  wanted: readonly Service[],
  given: (service: Service) => string | undefined,
): Service[] {
  const names = new Set(wanted.map(({ name }) => name));
  for (const service of wanted) {
    if (given(service) === undefined) service.needs?.forEach((name) => names.add(name));
  }
  return services.filter(({ name }) => names.has(name));
}

/** Groups of services that may start at once, each after those that it needs. */
function startOrder(services: readonly Service[]): Service[][] {
  const isFirst = ({ needs = [] }: Service) => needs.length === 0;
  return [services.filter(isFirst), services.filter((service) => !isFirst(service))];
}

async function locked<T>(settings: StackSettings, work: () => Promise<T>): Promise<T> {
  return await withFileLock(
    join(settings.stateDir, "lock"),
    () => settings.onProgress("waiting for another process that starts or stops the services"),
    work,
  );
}

/** Lets all come to their end before the first error is thrown, so that nothing goes on behind it. */
async function allOrFirstError(work: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) {
    if (result.status === "rejected") throw result.reason;
  }
}

function addresses<Name extends ServiceName>(
  services: readonly Service[],
  found: ReadonlyMap<ServiceName, string>,
): Pick<StackAddresses, AddressNames[Name]> {
  const parts = services.map((service) => service.addresses(found.get(service.name)!));
  return Object.assign({}, ...parts);
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
