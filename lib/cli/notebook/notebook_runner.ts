import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SluiceError } from "../../core/mod.ts";
import { type Notebook, readNotebook } from "./notebook_file.ts";
import { ensureJupyter } from "./notebook_home.ts";

const SCRIPT = fileURLToPath(new URL("./run_notebook.py", import.meta.url));

/** How a notebook is run. */
export interface RunOptions {
  /** Variables for its kernel, besides those of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends the run. */
  readonly signal?: AbortSignal;
  /** Told when a cell is about to run, counted from 0, and in which process. */
  readonly onCell?: (cell: number, kernelPid: number) => void;
}

/** What came of a run. */
export interface NotebookRun {
  /** The notebook with its outputs, as far as it came. */
  readonly notebook: Notebook;
  /** Where it stopped and why; absent: all cells ran. */
  readonly failure?: { readonly cell: number; readonly error: string };
}

/** A line of `run_notebook.py`. */
interface RunEvent {
  readonly kernel?: number;
  readonly cell?: number;
  readonly error?: string;
}

/**
 * Runs all cells of a notebook in a kernel of their own, without a browser; the file stays as it is.
 *
 * @throws {SluiceError} `PYTHON_MISSING`, `INSTALL_FAILED`, or `NOTEBOOK_NOT_RUN` when it could not
 * be run at all.
 */
export async function runNotebook(path: string, options: RunOptions): Promise<NotebookRun> {
  const { programs, env } = await ensureJupyter();
  const folder = await Deno.makeTempDir({ prefix: "sluice-notebook-" });
  try {
    const target = join(folder, "run.ipynb");
    const child = new Deno.Command(join(programs, "python"), {
      args: ["-B", SCRIPT, path, target],
      env: { ...env, ...options.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stop = () => child.kill("SIGTERM");
    options.signal?.addEventListener("abort", stop);
    const stderr = new Response(child.stderr).text();
    let kernelPid = 0;
    let cell = 0;
    let error: string | undefined;
    for await (const line of linesOf(child.stdout)) {
      const event: RunEvent = JSON.parse(line);
      kernelPid = event.kernel ?? kernelPid;
      cell = event.cell ?? cell;
      error = event.error ?? error;
      if (event.cell !== undefined) options.onCell?.(cell, kernelPid);
    }
    const { success } = await child.status;
    options.signal?.removeEventListener("abort", stop);
    if (success) return { notebook: await readNotebook(target) };
    if (options.signal?.aborted) error = "it was stopped";
    if (error !== undefined) {
      return { notebook: await readNotebook(target), failure: { cell, error } };
    }
    throw new SluiceError("NOTEBOOK_NOT_RUN", {
      attempted: "run a notebook",
      where: path,
      found: (await stderr).trim().slice(-2_000),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
