import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { SluiceError } from "../core/mod.ts";
import { requireFreePort } from "./ports.ts";
import {
  isAlive,
  type ProcessIdentity,
  type ServiceCommand,
  spawnDetached,
  type StopOutcome,
  stopProcess,
} from "./process.ts";
import { removeIfThere } from "./remove_if_there.ts";
import type { Service, ServiceContext, StackAddresses } from "./service.ts";
import type { StackSettings } from "./settings.ts";

/** What the state folder remembers of a service that was started and not stopped. */
export interface ServiceRecord extends ProcessIdentity {
  /** The port it was started on. */
  readonly port: number;
}

/** How long a service may take until it answers; a busy machine is slow, a dead process is noticed at once. */
const startTimeoutMs = 90_000;
/** How long a service may take to end in good order. */
const stopTimeoutMs = 20_000;
const pollMs = 50;

/**
 * Makes sure that a service runs and answers.
 *
 * @param addresses where the services answer that it needs.
 * @returns the port it answers on.
 * @throws {SluiceError} `PORT_BUSY`, `PORT_DIFFERS`, `SERVICE_DIED`, `SERVICE_NOT_READY` and what the service itself throws.
 */
export async function startService(
  service: Service,
  settings: StackSettings,
  addresses: Partial<StackAddresses>,
): Promise<number> {
  const record = await readRecord(service, settings.stateDir);
  const chosenPort = settings.chosenPorts[service.name];
  if (record !== undefined && await isAlive(record)) {
    if (chosenPort !== undefined && chosenPort !== record.port) {
      throw portDiffers(service, record.port, chosenPort);
    }
    await untilAnswers(service, settings, record);
    return record.port;
  }
  if (record !== undefined) {
    settings.onProgress(`${service.title}: process ${record.pid} is gone, starting it again`);
  }
  const port = chosenPort ?? record?.port ?? service.defaultPort;
  for (const each of service.ports(port)) {
    await requireFreePort(`start ${service.title}`, each, busyPortHint(service, each));
  }
  const command = await service.prepare(contextOf(settings, port, addresses));
  settings.onProgress(`${service.title}: starting`);
  await startProcess(service, settings, command, port);
  return port;
}

/** Ends a service if it runs, and forgets its process. */
export async function stopService(
  service: Service,
  settings: StackSettings,
): Promise<StopOutcome> {
  const record = await readRecord(service, settings.stateDir);
  if (record === undefined) return "absent";
  if (await isAlive(record)) settings.onProgress(`${service.title}: stopping`);
  const outcome = await stopProcess(record, service.stopSignal, stopTimeoutMs);
  await Deno.remove(recordFile(service, settings.stateDir));
  return outcome;
}

/** Forgets the data and the logs of a service that is stopped. */
export async function wipeService(service: Service, settings: StackSettings): Promise<void> {
  settings.onProgress(`${service.title}: removing its data`);
  await service.wipe(settings);
  await removeIfThere(logFile(service, settings.stateDir));
  await removeIfThere(previousLogFile(service, settings.stateDir));
}

/** What is remembered of a service; undefined when it was never started or was stopped. */
export async function readRecord(
  service: Service,
  stateDir: string,
): Promise<ServiceRecord | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(recordFile(service, stateDir)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Where a service writes its log. */
export function logFile(service: Service, stateDir: string): string {
  return join(stateDir, "logs", `${service.name}.log`);
}

async function startProcess(
  service: Service,
  settings: StackSettings,
  command: ServiceCommand,
  port: number,
): Promise<void> {
  const log = logFile(service, settings.stateDir);
  await Deno.mkdir(join(settings.stateDir, "logs"), { recursive: true });
  await Deno.mkdir(join(settings.stateDir, "run"), { recursive: true });
  await Deno.rename(log, previousLogFile(service, settings.stateDir)).catch(() => {});
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    const process = await spawnDetached(command, log);
    await writeRecord(service, settings.stateDir, { ...process, port });
    try {
      await untilAnswers(service, settings, { ...process, port });
      return;
    } catch (error) {
      const passing = service.passingTrouble !== undefined &&
        (await logTail(log)).includes(service.passingTrouble);
      if (!passing || await isAlive(process) || performance.now() > deadline) throw error;
      await delay(pollMs);
    }
  }
}

async function untilAnswers(
  service: Service,
  settings: StackSettings,
  record: ServiceRecord,
): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  const log = logFile(service, settings.stateDir);
  while (!await service.answers(record.port)) {
    if (!await isAlive(record)) {
      throw new SluiceError("SERVICE_DIED", {
        attempted: `start ${service.title}`,
        where: `127.0.0.1:${record.port}`,
        found: `that its process ended. The last lines of ${log}:\n${await logTail(log)}`,
        hint: "repair what they say and try again; `deno task stack:down --wipe` starts afresh",
      });
    }
    if (performance.now() > deadline) {
      throw new SluiceError("SERVICE_NOT_READY", {
        attempted: `start ${service.title}`,
        where: `127.0.0.1:${record.port}`,
        found: `no answer from process ${record.pid} for ${startTimeoutMs / 1000} s. ` +
          `The last lines of ${log}:\n${await logTail(log)}`,
        hint: "wait and try again, or `deno task stack:down` and try again",
        retryable: true,
      });
    }
    await delay(pollMs);
  }
}

function portDiffers(service: Service, found: number, wanted: number): SluiceError {
  return new SluiceError("PORT_DIFFERS", {
    attempted: `start ${service.title}`,
    found: `it running on port ${found}`,
    wanted: `port ${wanted}`,
    hint: "stop it first (deno task stack:down), or leave the port to it",
  });
}

function busyPortHint(service: Service, port: number): string {
  const other = service.defaultPort === port ? port + 10_000 : service.defaultPort;
  return `stop that process, or choose another port (${service.portVariable}=${other}), or set ` +
    `${service.addressVariable} to use a service that runs already`;
}

function contextOf(
  { stateDir, downloadsDir, onProgress }: StackSettings,
  port: number,
  addresses: Partial<StackAddresses>,
): ServiceContext {
  return { stateDir, downloadsDir, port, addresses, onProgress };
}

async function logTail(path: string): Promise<string> {
  const text = await Deno.readTextFile(path).catch(() => "");
  return text.trimEnd().split("\n").slice(-15).join("\n");
}

function previousLogFile(service: Service, stateDir: string): string {
  return `${logFile(service, stateDir)}.previous`;
}

function recordFile(service: Service, stateDir: string): string {
  return join(stateDir, "run", `${service.name}.json`);
}

/** Renamed into place, so that a crash never leaves half a record. */
async function writeRecord(
  service: Service,
  stateDir: string,
  record: ServiceRecord,
): Promise<void> {
  const path = recordFile(service, stateDir);
  await Deno.writeTextFile(`${path}.new`, JSON.stringify(record));
  await Deno.rename(`${path}.new`, path);
}
