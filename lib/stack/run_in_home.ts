import type { ServiceHome } from "./service_home.ts";

/** How a program ended, and all that it said. */
export interface ProgramEnd {
  readonly success: boolean;
  readonly said: string;
}

/** Runs a program of a service in the service's folder and as its user, with these lines as its input. */
export async function runInHome(
  home: Pick<ServiceHome, "dir" | "user">,
  program: string,
  args: readonly string[],
  input: readonly string[],
): Promise<ProgramEnd> {
  const process = new Deno.Command(program, {
    args: [...args],
    cwd: home.dir,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...home.user,
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input.map((line) => `${line}\n`).join("")));
  await writer.close();
  const { success, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { success, said: `${decoder.decode(stdout)}${decoder.decode(stderr)}`.trim() };
}
