import { errorText, SluiceError } from "../core/mod.ts";

/** A process that listens on a port. */
interface PortHolder {
  /** Its process id. */
  readonly pid: number;
  /** Its command line. */
  readonly command: string;
}

/**
 * Makes sure that nobody listens on a port of 127.0.0.1.
 *
 * @param hint what the reader can do about it.
 * @throws {SluiceError} `PORT_BUSY`, naming the process where the system tells it.
 */
export async function requireFreePort(
  attempted: string,
  port: number,
  hint: string,
): Promise<void> {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
  } catch (error) {
    const holder = await portHolder(port);
    throw new SluiceError("PORT_BUSY", {
      attempted,
      where: `127.0.0.1:${port}`,
      found: error instanceof Deno.errors.AddrInUse ? describeHolder(holder) : errorText(error),
      wanted: "a free port",
      hint,
      cause: error,
    });
  }
}

/** Tells who listens on a TCP port of this machine; undefined where the system does not tell. */
async function portHolder(port: number): Promise<PortHolder | undefined> {
  const inodes = new Set([
    ...await listeningInodes("/proc/net/tcp", port),
    ...await listeningInodes("/proc/net/tcp6", port),
  ]);
  if (inodes.size === 0) return undefined;
  for await (const entry of Deno.readDir("/proc")) {
    const pid = Number(entry.name);
    if (Number.isInteger(pid) && await holdsSocket(pid, inodes)) {
      const command = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
      return { pid, command: command.replaceAll("\0", " ").trim() };
    }
  }
  return undefined;
}

function describeHolder(holder: PortHolder | undefined): string {
  if (holder === undefined) return "a port that another process listens on";
  const { pid, command } = holder;
  const shown = command.length > 80 ? `${command.slice(0, 80)}…` : command;
  return `a port that process ${pid} (${shown}) listens on`;
}

/** Lines are `sl local_address rem_address st … inode`; the port is in hex, state 0A is LISTEN. */
async function listeningInodes(table: string, port: number): Promise<string[]> {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const text = await Deno.readTextFile(table).catch(() => "");
  const inodes: string[] = [];
  for (const line of text.split("\n")) {
    const fields = line.trim().split(/\s+/);
    if (fields[3] === "0A" && fields[1]?.endsWith(`:${hexPort}`)) inodes.push(fields[9] ?? "");
  }
  return inodes;
}

async function holdsSocket(pid: number, inodes: Set<string>): Promise<boolean> {
  try {
    for await (const entry of Deno.readDir(`/proc/${pid}/fd`)) {
      const target = await Deno.readLink(`/proc/${pid}/fd/${entry.name}`).catch(() => "");
      if (target.startsWith("socket:[") && inodes.has(target.slice(8, -1))) return true;
    }
  } catch {
    // The process ended meanwhile, or is another user's.
  }
  return false;
}
