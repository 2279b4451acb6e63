import { createHash } from "node:crypto";

/** What happens in a simulated world, line by line: the same seed gives the same lines. */
export class Trace {
  /** What a reader wants to know: the runs, what befell them, and how it ended. */
  readonly story: string[] = [];
  /** Everything: each call, each answer. */
  readonly lines: string[] = [];
  readonly #hash = createHash("sha256");
  readonly #nowMs: () => number;

  /** With `keepsLines` false only their hash and the story are kept. */
  constructor(nowMs: () => number, readonly keepsLines: boolean) {
    this.#nowMs = nowMs;
  }

  /** Something that belongs into the story. */
  tell(who: string, what: string): void {
    this.story.push(this.#add(who, what));
  }

  /** One step among many. */
  step(who: string, what: string): void {
    this.#add(who, what);
  }

  /** A digest of all lines until now. */
  get hash(): string {
    return this.#hash.copy().digest("hex");
  }

  #add(who: string, what: string): string {
    const line = `${(this.#nowMs() / 1000).toFixed(3).padStart(10)} s  ${who.padEnd(10)} ${what}`;
    this.#hash.update(line).update("\n");
    if (this.keepsLines) this.lines.push(line);
    return line;
  }
}
