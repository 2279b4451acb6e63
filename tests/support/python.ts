// A first run takes long and says so.
// deno-lint-ignore-file no-console
import { sluiceDir } from "./stack.ts";

const PACKAGES = ["deltalake==1.6.6", "pyarrow==26.0.1"];
const home = `${sluiceDir}/venv`;

/**
 * Runs a Python script of `tests/interop` with delta-rs at hand and returns what it printed, read as
 * JSON. The packages are installed once, into `.sluice/venv`.
 */
export async function runPython(script: string, ...args: string[]): Promise<unknown> {
  await ensurePackages();
  const path = new URL(`../interop/${script}`, import.meta.url).pathname;
  return JSON.parse(await run(`${home}/bin/python`, ["-B", path, ...args]));
}

let ensured: Promise<void> | undefined;

function ensurePackages(): Promise<void> {
  ensured ??= installPackages();
  return ensured;
}

async function installPackages(): Promise<void> {
  await Deno.mkdir(sluiceDir, { recursive: true });
  using lock = await Deno.open(`${sluiceDir}/venv.lock`, { create: true, write: true });
  await lock.lock(true);
  const marker = `${home}/installed.txt`;
  const wanted = PACKAGES.join("\n");
  if (await Deno.readTextFile(marker).catch(() => "") === wanted) return;
  console.error(`installing ${PACKAGES.join(" and ")} into ${home}, once`);
  await run("python3", ["-m", "venv", "--clear", home]);
  await run(`${home}/bin/python`, ["-m", "pip", "install", "--quiet", ...PACKAGES]);
  await Deno.writeTextFile(marker, wanted);
}

async function run(command: string, args: readonly string[]): Promise<string> {
  let output;
  try {
    output = await new Deno.Command(command, { args: [...args] }).output();
  } catch (cause) {
    throw new Error(`the tests against delta-rs need Python 3: cannot run ${command}`, { cause });
  }
  if (output.success) return new TextDecoder().decode(output.stdout);
  const text = new TextDecoder().decode(output.stderr).trim();
  throw new Error(`${command} ${args.join(" ")} ended with ${output.code}:\n${text}`);
}
