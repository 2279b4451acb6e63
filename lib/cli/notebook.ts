/**
 * `deno task notebook | notebook:run`: the lessons in JupyterLab, or all of their cells without a
 * browser.
 *
 * @module
 */
import { join } from "node:path";
import { SluiceError } from "../core/mod.ts";
import { ensureStack } from "../stack/mod.ts";
import { type Flags, flagsHelp, parseFlags, wholeNumber } from "./flags.ts";
import { lessonFiles, lessonName, writeNotebook } from "./notebook/notebook_file.ts";
import { ensureJupyter, type Jupyter, notebooksFolder } from "./notebook/notebook_home.ts";
import { runNotebook } from "./notebook/notebook_runner.ts";
import { print, printError } from "./print.ts";
import { runCommand } from "./run_command.ts";
import { stopOnSignals } from "./stop_on_signals.ts";

const OPEN_FLAGS = {
  port: {
    type: "string",
    value: "n",
    help: "JupyterLab's port; default 8888, or the next free one",
  },
  "no-browser": { type: "boolean", help: "only print the address to open" },
  help: { type: "boolean", help: "print this" },
} as const satisfies Flags;

const RUN_FLAGS = {
  write: { type: "boolean", help: "store the outputs in the notebooks" },
  help: { type: "boolean", help: "print this" },
} as const satisfies Flags;

const OPEN_HELP =
  `Opens the lessons in JupyterLab. Kafka, Postgres and Jupyter are set up as needed.

  deno task notebook

${flagsHelp(OPEN_FLAGS)}`;

const RUN_HELP =
  `Runs all cells of the lessons without a browser; ends with 1 at the first that fails.

  deno task notebook:run [NN ...]   the lessons of these numbers; default: all

${flagsHelp(RUN_FLAGS)}`;

/** The lesson that a newcomer sees first. */
const FIRST_LESSON = "00_start_here.ipynb";

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === "open") return await open(rest);
  if (command === "run") return await run(rest);
  throw new SluiceError("BAD_FLAG", {
    attempted: "run a command of the notebooks",
    found: command === undefined ? "none" : `"${command}"`,
    wanted: "open or run",
    hint: "`deno task notebook --help` and `deno task notebook:run --help` tell what each does",
  });
}

async function open(args: readonly string[]): Promise<number> {
  const flags = parseFlags("notebook", args, OPEN_FLAGS);
  if (flags.help) {
    print(OPEN_HELP);
    return 0;
  }
  const port = wholeNumber("port", flags.port, 1);
  const jupyter = await ensureJupyter();
  const env = { ...jupyter.env, ...await services() };
  await trustLessons(jupyter);
  printError(
    "JupyterLab: starting; Ctrl-C ends it, Kafka and Postgres stay (deno task stack:down)",
  );
  const child = new Deno.Command(join(jupyter.programs, "jupyter-lab"), {
    args: [
      // Ctrl-C asks nothing.
      "-y",
      "--log-level=WARN",
      `--ServerApp.root_dir=${notebooksFolder}`,
      `--LabApp.default_url=/lab/tree/${FIRST_LESSON}`,
      // Else it makes a folder among the lessons.
      `--FileCheckpoints.checkpoint_dir=${join(jupyter.env.JUPYTER_DATA_DIR, "checkpoints")}`,
      "--KernelSpecManager.allowed_kernelspecs=deno",
      ...(port === undefined ? [] : [`--ServerApp.port=${port}`]),
      ...(flags["no-browser"] ? ["--no-browser"] : []),
      ...(Deno.uid() === 0 ? ["--allow-root"] : []),
    ],
    env,
  }).spawn();
  // A terminal sends Ctrl-C to JupyterLab, too; whoever ends this process alone means both.
  using _signals = stopOnSignals((signal) => {
    if (signal !== "SIGINT") child.kill(signal);
  });
  return (await child.status).code;
}

/** Lets JupyterLab show the pictures stored in the lessons before anybody has run them. */
async function trustLessons({ programs, env }: Jupyter): Promise<void> {
  const { success, stderr } = await new Deno.Command(join(programs, "jupyter-trust"), {
    args: await lessonFiles(),
    env,
  }).output();
  if (!success) printError(new TextDecoder().decode(stderr).trim());
}

async function run(args: readonly string[]): Promise<number> {
  const isNumber = (arg: string) => /^\d\d$/.test(arg);
  const flags = parseFlags("notebook:run", args.filter((arg) => !isNumber(arg)), RUN_FLAGS);
  if (flags.help) {
    print(RUN_HELP);
    return 0;
  }
  const files = await lessonFiles(args.filter(isNumber));
  await ensureJupyter();
  const env = await services();
  const stop = new AbortController();
  using _signals = stopOnSignals(() => stop.abort());
  for (const file of files) {
    const startedMs = performance.now();
    const { notebook, failure } = await runNotebook(file, { env, signal: stop.signal });
    if (failure !== undefined) {
      printError(
        `${lessonName(file)}: cell ${
          failure.cell + 1
        } of ${notebook.cells.length} failed\n${failure.error}`,
      );
      return 1;
    }
    if (flags.write) await writeNotebook(file, notebook);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    print(`${lessonName(file)}: ${notebook.cells.length} cells, ${seconds} s`);
  }
  return 0;
}

/** The variables by which the kernels find the services. */
async function services(): Promise<Record<string, string>> {
  const { kafkaBrokers, databaseUrl } = await ensureStack({
    services: ["kafka", "postgres"],
    onProgress: printError,
  });
  return { KAFKA_BROKERS: kafkaBrokers.join(","), DATABASE_URL: databaseUrl };
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
