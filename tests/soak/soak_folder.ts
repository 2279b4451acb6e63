import { existsSync } from "node:fs";
import { kill } from "node:process";
import { stopStack } from "../../lib/stack/mod.ts";
import { sluiceDir } from "../support/stack.ts";

/** The folder of everything that a soak of this process keeps. */
export function soakFolder(): string {
  return `${sluiceDir}/soak-${Deno.pid}`;
}

/** Ends the services of soaks that were killed before they could do it, and removes what they kept. */
export async function removeSoakLeftovers(): Promise<void> {
  if (!existsSync(sluiceDir)) return;
  for await (const { name } of Deno.readDir(sluiceDir)) {
    const pid = /^soak-(\d+)$/.exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    await stopStack({ stateDir: `${sluiceDir}/${name}/stack`, wipe: true });
    await Deno.remove(`${sluiceDir}/${name}`, { recursive: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
