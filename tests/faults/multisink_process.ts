import { SluiceError } from "../../lib/core/mod.ts";
import { checkout } from "../support/paths.ts";

/** One query: what it reads, where it writes. */
export interface Job {
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
  readonly topic: string;
  readonly table: string;
  readonly deadLetterTopic: string;
  readonly lakePath: string;
  readonly checkpointLocation: string;
  readonly maxOffsetsPerTrigger: number;
}

/** What happens to the process, and where. */
export interface Fault {
  /** `kill`: SIGKILL to itself. `pause`: it says so and waits for a line on its input. */
  readonly action: "kill" | "pause";
  readonly failpoint: string;
  /** At which time it comes by: 1 is the first. */
  readonly hit: number;
}

/** What a process is told to do. */
export interface Assignment extends Job {
  readonly fault?: Fault;
}

/** How a process ended. */
export interface Ending {
  /** 0 for a query that came to its end. */
  readonly code: number;
  readonly signal: string | null;
  readonly stderr: string;
}

/** What a paused process prints. */
export const PAUSED = "paused";

/** The pipeline `multisink` in a process of its own. */
export class MultisinkProcess {
  readonly #child: Deno.ChildProcess;
  readonly #stderr: Promise<string>;
  readonly #stdout: ReadableStreamDefaultReader<string>;

  constructor(assignment: Assignment) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        "tests/faults/multisink_child.ts",
        JSON.stringify(assignment),
      ],
      cwd: checkout,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stderr = new Response(this.#child.stderr).text();
    this.#stdout = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Returns when the process has printed the text; throws if it ends before. */
  async printed(text: string): Promise<void> {
    for (let output = ""; !output.includes(text);) {
      const { value, done } = await this.#stdout.read();
      if (done) {
        throw new SluiceError("CHILD_ENDED", {
          attempted: `wait for "${text}"`,
          found: `the process ended: ${await this.#stderr}`,
        });
      }
      output += value;
    }
  }

  /** Lets a paused process go on. */
  async resume(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("\n"));
    await writer.close();
  }

  /** Sends a signal. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for the end. */
  async ended(): Promise<Ending> {
    while (!(await this.#stdout.read()).done);
    const { code, signal } = await this.#child.status;
    if (!this.#child.stdin.locked) await this.#child.stdin.close().catch(() => {});
    return { code: signal === null ? code : -1, signal, stderr: await this.#stderr };
  }
}

/** Runs the pipeline once, to its end or its fault. */
export function runMultisink(assignment: Assignment): Promise<Ending> {
  return new MultisinkProcess(assignment).ended();
}
