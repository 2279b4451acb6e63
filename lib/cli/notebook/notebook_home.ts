import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { errorText, SluiceError } from "../../core/mod.ts";
import { printError } from "../print.ts";

const PACKAGES: readonly string[] = [
  "jupyterlab==4.6.6",
  "nbclient==0.11.0",
  "nbformat==5.11.1",
  // delta-rs, for the lessons that open a table with it.
  "deltalake==1.6.6",
];

/** The folder of the lessons. */
export const notebooksFolder: string = fileURLToPath(
  new URL("../../../notebooks", import.meta.url),
);

const home = fileURLToPath(new URL("../../../.sluice/jupyter", import.meta.url));

/**
 * The kernel of every notebook; without colours, whose codes would end up in stored outputs, and
 * with this environment's Python as `python3`.
 */
const kernel = {
  argv: [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"],
  display_name: "Deno",
  language: "typescript",
  env: { NO_COLOR: "1", PATH: `${join(home, "bin")}:\${PATH}` },
};

/** JupyterLab would ask a newcomer about its newsletter. */
const settings = { "@jupyterlab/apputils-extension:notification": { fetchNews: "false" } };

/** Where Jupyter is and how it is called. */
export interface Jupyter {
  /** The folder of its programs. */
  readonly programs: string;
  /** Variables that keep what it remembers out of the user's own Jupyter. */
  readonly env: { readonly JUPYTER_CONFIG_DIR: string; readonly JUPYTER_DATA_DIR: string };
}

/**
 * Installs Jupyter and the Deno kernel into a Python environment of their own, once.
 *
 * @throws {SluiceError} `PYTHON_MISSING` or `INSTALL_FAILED`.
 */
export async function ensureJupyter(): Promise<Jupyter> {
  await Deno.mkdir(dirname(home), { recursive: true });
  using lock = await Deno.open(`${home}.lock`, { create: true, write: true });
  await lock.lock(true);
  const marker = join(home, "installed.txt");
  const wanted = PACKAGES.join("\n");
  if (await Deno.readTextFile(marker).catch(() => "") !== wanted) {
    printError(`installing ${PACKAGES.join(", ")} into .sluice/jupyter, once`);
    await run("python3", ["-m", "venv", "--clear", home]);
    await run(join(home, "bin/python"), ["-m", "pip", "install", "--quiet", ...PACKAGES]);
    await Deno.writeTextFile(marker, wanted);
  }
  // Each time: Deno may be another one since.
  await writeJson("share/jupyter/kernels/deno/kernel.json", kernel);
  await writeJson("share/jupyter/lab/settings/overrides.json", settings);
  return {
    programs: join(home, "bin"),
    env: { JUPYTER_CONFIG_DIR: join(home, "config"), JUPYTER_DATA_DIR: join(home, "data") },
  };
}

async function writeJson(path: string, value: unknown): Promise<void> {
  const file = join(home, path);
  await Deno.mkdir(dirname(file), { recursive: true });
  await Deno.writeTextFile(file, JSON.stringify(value, null, 2));
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const attempted = "install Jupyter";
  let output;
  try {
    output = await new Deno.Command(program, { args: [...args] }).output();
  } catch (cause) {
    throw new SluiceError("PYTHON_MISSING", {
      attempted,
      where: "the PATH",
      found: errorText(cause),
      wanted: "Python 3.10 or newer",
      hint: "install Python 3 with its venv module; on Debian: apt install python3-venv",
      cause,
    });
  }
  if (output.success) return;
  throw new SluiceError("INSTALL_FAILED", {
    attempted,
    where: `${program} ${args.slice(0, 3).join(" ")}`,
    found: new TextDecoder().decode(output.stderr).trim().slice(-2_000),
    hint: "check the network and that Python has its venv module (Debian: python3-venv)",
  });
}
