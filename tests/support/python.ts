// A first run takes long and says so.
// deno-lint-ignore-file no-console
import { sluiceDir } from "./stack.ts";

/** Packages in a folder of their own below `.sluice`, where they are installed once. */
export interface PythonHome {
  readonly folder: string;
  readonly packages: readonly string[];
}

/** delta-rs and DuckDB. */
export const enginesHome: PythonHome = {
  folder: "venv",
  packages: [
    "deltalake==1.6.6",
    "pyarrow==26.0.1",
    "duckdb==1.5.5",
    // Packed by a third party; the binary is DuckDB's own and signed, which DuckDB checks.
    "duckdb-extension-delta==1.5.5",
  ],
};

/**
 * Runs a Python script of `tests/interop` with delta-rs at hand and returns what it printed, read as
 * JSON.
 */
export async function runPython(script: string, ...args: string[]): Promise<unknown> {
  const { command, args: all } = await pythonCommand(enginesHome, `interop/${script}`, args);
  return JSON.parse(await run(command, all));
}

/** The command that runs a Python script of `tests`; its packages are there when this returns. */
export async function pythonCommand(
  home: PythonHome,
  script: string,
  args: readonly string[] = [],
): Promise<{ command: string; args: string[] }> {
  await ensurePackages(home);
  const python = `${sluiceDir}/${home.folder}/bin/python`;
  return {
    command: python,
    args: ["-B", pathOf("support/run_script.py"), pathOf(script), ...args],
  };
}

function pathOf(script: string): string {
  return new URL(`../${script}`, import.meta.url).pathname;
}

const ensured = new Map<PythonHome, Promise<void>>();

function ensurePackages(home: PythonHome): Promise<void> {
  let packages = ensured.get(home);
  if (packages === undefined) ensured.set(home, packages = installPackages(home));
  return packages;
}

async function installPackages({ folder, packages }: PythonHome): Promise<void> {
  const home = `${sluiceDir}/${folder}`;
  await Deno.mkdir(sluiceDir, { recursive: true });
  using lock = await Deno.open(`${home}.lock`, { create: true, write: true });
  await lock.lock(true);
  const marker = `${home}/installed.txt`;
  const wanted = packages.join("\n");
  if (await Deno.readTextFile(marker).catch(() => "") === wanted) return;
  console.error(`installing ${packages.join(", ")} into ${home}, once`);
  await run("python3", ["-m", "venv", "--clear", home]);
  await run(`${home}/bin/python`, ["-m", "pip", "install", "--quiet", ...packages]);
  await Deno.writeTextFile(marker, wanted);
}

async function run(command: string, args: readonly string[]): Promise<string> {
  let output;
  try {
    output = await new Deno.Command(command, { args: [...args] }).output();
  } catch (cause) {
    throw new Error(`the tests against other engines need Python 3: cannot run ${command}`, {
      cause,
    });
  }
  if (output.success) return new TextDecoder().decode(output.stdout);
  const text = new TextDecoder().decode(output.stderr).trim();
  throw new Error(`${command} ${args.join(" ")} ended with ${output.code}:\n${text}`);
}
