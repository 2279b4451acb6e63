import { createInterface, type Interface } from "node:readline";
import { Readable } from "node:stream";
import { pythonCommand, type PythonHome } from "./python.ts";

/** What an engine finds in a version of a table. */
export interface EngineRead {
  readonly rows: number;
  readonly digest: string;
}

/**
 * Other engines behind one Python process: a request a line in, an answer a line out. Starting one
 * costs seconds, so that the tests of a file share it.
 */
export class EngineServer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#input = process.stdin.getWriter();
    this.#lines = createInterface({ input: Readable.from(process.stdout) });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** Starts a Python script of `tests` that serves engines. */
  static async start(
    home: PythonHome,
    script: string,
    args: readonly string[] = [],
  ): Promise<EngineServer> {
    const { command, args: all } = await pythonCommand(home, script, args);
    return new EngineServer(
      new Deno.Command(command, {
        args: all,
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      }).spawn(),
    );
  }

  /** What an engine finds in a table, at its newest version or at another. */
  async read(engine: string, path: string, version?: number): Promise<EngineRead> {
    const at = version === undefined ? {} : { version };
    return await this.ask({ do: "read", engine, path, ...at }) as EngineRead;
  }

  /** Has a request answered, after those before it; an error of the engine is thrown. */
  ask(request: Readonly<Record<string, unknown>> & { readonly do: string }): Promise<unknown> {
    const answer = this.#last.catch(() => {}).then(() => this.#askNow(request));
    this.#last = answer;
    return answer;
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#process.status;
    this.#lines.close();
  }

  async #askNow(request: Readonly<Record<string, unknown>>): Promise<unknown> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
    const { done, value } = await this.#answers.next();
    if (done) throw new Error(`the engine process ended at ${JSON.stringify(request)}`);
    const answer = JSON.parse(value) as { ok?: unknown; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.ok;
  }
}
