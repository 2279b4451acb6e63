import { fileURLToPath } from "node:url";
import { checkout } from "../support/paths.ts";

/** How a process ended. */
export interface ChildEnding {
  /** -1 if a signal ended it. */
  readonly code: number;
  readonly stderr: string;
}

/** A process that runs a script of this folder; it ends at the latest with this one. */
export class Child {
  /** Resolves when it has ended. */
  readonly ended: Promise<ChildEnding>;
  /** What it printed last; `undefined` before its first line. */
  lastLine: string | undefined;
  readonly #process: Deno.ChildProcess;

  /** Starts it. `onLine` is told of each line that it prints. */
  constructor(script: string, job: object, onLine: (line: string) => void = () => {}) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        fileURLToPath(new URL(script, import.meta.url)),
        JSON.stringify(job),
      ],
      cwd: checkout,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.ended = this.#wait(onLine);
  }

  /** Sends a signal, unless it has ended. */
  signal(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch (error) {
      // It has ended, and nobody has heard of it yet.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Kills it and waits for its end. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended;
  }

  async #wait(onLine: (line: string) => void): Promise<ChildEnding> {
    const stderr = new Response(this.#process.stderr).text();
    let rest = "";
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        this.lastLine = line;
        onLine(line);
      }
    }
    const { code, signal } = await this.#process.status;
    await this.#process.stdin.close().catch(() => {});
    return { code: signal === null ? code : -1, stderr: await stderr };
  }
}
