import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { errorText, SluiceError } from "../core/mod.ts";

/** A process of this machine that no other can be mistaken for: pids are used again, start times are not. */
export interface ProcessIdentity {
  /** The process id. */
  readonly pid: number;
  /** When it started, as the system tells it; only ever compared. */
  readonly startTime: string;
}

/** What to run as a service, and as whom. */
export interface ServiceCommand {
  /** The program. */
  readonly program: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Its working folder. */
  readonly cwd: string;
  /** Variables added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The user to run it as, where that is not the present one. */
  readonly user?: UnixUser;
}

/** A user of this machine. */
export interface UnixUser {
  /** The user's number. */
  readonly uid: number;
  /** The number of the user's group. */
  readonly gid: number;
}

/** How a process came to its end. */
export type StopOutcome = "stopped" | "killed" | "absent";

const pollMs = 25;

/** True while this very process runs; a zombie has ended when its last thread has. */
export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  return process.startTime !== "" && await startTimeOf(process.pid) === process.startTime;
}

/**
 * Starts a process that outlives this one: its own session, no terminal, output to `logFile`.
 *
 * The log file is opened here, so that it may lie where the service's own user cannot go.
 */
export async function spawnDetached(
  command: ServiceCommand,
  logFile: string,
): Promise<ProcessIdentity> {
  const log = openSync(logFile, "w");
  try {
    // The shell forks the service and ends: init adopts it, and nothing ties it to this process.
    const shell = spawn("/bin/sh", [
      "-c",
      '"$@" >&2 & echo $!',
      "sh",
      command.program,
      ...command.args,
    ], {
      cwd: command.cwd,
      env: { ...Deno.env.toObject(), ...command.env },
      stdio: ["ignore", "pipe", log],
      detached: true,
      ...command.user,
    });
    const ended = new Promise<void>((resolve, reject) => {
      shell.on("error", reject);
      shell.on("close", () => resolve());
    });
    let output = "";
    shell.stdout?.on("data", (chunk) => output += chunk);
    await ended;
    const pid = Number(output);
    return { pid, startTime: await startTimeOf(pid) ?? "" };
  } finally {
    closeSync(log);
  }
}

/**
 * Asks a process to end and waits; after `timeoutMs` milliseconds it is killed.
 *
 * @throws {SluiceError} `NOT_ALLOWED` when the process belongs to another user.
 */
export async function stopProcess(
  process: ProcessIdentity,
  signal: Deno.Signal,
  timeoutMs: number,
): Promise<StopOutcome> {
  if (!await isAlive(process)) return "absent";
  send(process, signal);
  if (await hasEnded(process, timeoutMs)) return "stopped";
  send(process, "SIGKILL");
  await hasEnded(process, timeoutMs);
  return "killed";
}

async function hasEnded(process: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (await isAlive(process)) {
    if (performance.now() > deadline) return false;
    await delay(pollMs);
  }
  return true;
}

function send(process: ProcessIdentity, signal: Deno.Signal): void {
  try {
    Deno.kill(process.pid, signal);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw new SluiceError("NOT_ALLOWED", {
      attempted: `send ${signal} to process ${process.pid}`,
      found: errorText(error),
      hint: "run as the user that started it",
      cause: error,
    });
  }
}

async function startTimeOf(pid: number): Promise<string | undefined> {
  return Deno.build.os === "linux" ? await linuxStartTime(pid) : await psStartTime(pid);
}

async function linuxStartTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    // proc(5): state is field 3, threads 20, start time 22; the name, field 2, may hold brackets.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, threads, startTime] = [fields[0], Number(fields[17]), fields[19]];
    // A killed process is a zombie at once, yet it holds its ports and files until its last thread is gone.
    if ((state === "Z" || state === "X") && threads <= 1) return undefined;
    const boot = await Deno.readTextFile("/proc/sys/kernel/random/boot_id");
    return `${boot.trim()} ${startTime}`;
  } catch {
    return undefined;
  }
}

async function psStartTime(pid: number): Promise<string | undefined> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-o", "stat=,lstart=", "-p", String(pid)],
    env: { LC_ALL: "C" },
    stderr: "null",
  }).output();
  const [state, ...startTime] = new TextDecoder().decode(stdout).trim().split(/\s+/);
  return state === undefined || state === "" || state.startsWith("Z")
    ? undefined
    : startTime.join(" ");
}
