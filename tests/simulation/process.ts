import type { Clock } from "../../lib/core/mod.ts";
import type { Service } from "./service.ts";
import type { World } from "./world.ts";

const MAX_DELAY_MS = 8;
const MAX_SLOW_MS = 3_000;
const MAX_SKEW_MS = 2_000;

/** The step that a process does not survive. */
export interface Doom {
  /** What the steps that count begin with; empty for all steps. */
  readonly step: string;
  /** Which of them it is, from 1; a call is two steps, one before it takes effect and one after. */
  readonly hits: number;
}

/**
 * A process that runs the query. All that it does outside of itself goes through `call`, and each
 * call may be its last: a dead process gets no answers, so that none of its code goes on, not even
 * what is in a `finally`.
 */
export class Process {
  readonly name: string;
  /** Virtual time, for this process. */
  readonly clock: Clock;
  isAlive = true;
  /** When it was killed, if it was. */
  diedAtMs = -Infinity;
  /** Set if an error came to it from a disk, which is no error that the engine tries again. */
  hadDiskError = false;
  readonly #world: World;
  readonly #doom: Doom | undefined;
  #hits = 0;
  #pausedUntilMs = 0;
  #ids = 0;
  readonly #onDeath: (() => void)[] = [];
  /** No two machines agree on the time. */
  readonly #skewMs: number;

  /** Without `doom` it lives until somebody kills it. */
  constructor(world: World, name: string, doom: Doom | undefined) {
    this.#world = world;
    this.name = name;
    this.#doom = doom;
    this.#skewMs = world.random.integer(-MAX_SKEW_MS, MAX_SKEW_MS);
    this.clock = {
      nowMs: () => world.time.nowMs + this.#skewMs,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
  }

  /** An id that no other process makes. */
  randomId(): string {
    return `${this.name.replaceAll(" ", "-")}-${this.#ids++}`;
  }

  /** To be called when it is killed, not when it ends by itself. */
  onDeath(release: () => void): void {
    this.#onDeath.push(release);
  }

  /** Ends it as a kill -9 does. */
  kill(why: string): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.diedAtMs = this.#world.time.nowMs;
    this.#world.trace.tell(this.name, `is killed ${why}`);
    for (const release of this.#onDeath) release();
  }

  /** Stops it for a while, as a long garbage collection or SIGSTOP does: its answers wait. */
  pause(forMs: number): void {
    this.#pausedUntilMs = this.#world.time.nowMs + forMs;
    this.#world.trace.tell(this.name, `stands still for ${forMs} ms`);
  }

  /** It is about to do something that counts, or has just done it: this may be what it is killed at. */
  takeStep(when: "before" | "after", what: string): void {
    if (this.#doom === undefined || !what.startsWith(this.#doom.step)) return;
    if (++this.#hits === this.#doom.hits) this.kill(`${when} ${what}`);
  }

  /**
   * Asks a service for something. `effect` is what the service does, all at once, when the question
   * arrives; what it throws or returns is the answer. Questions and answers take time, may be lost,
   * and may outlive the process.
   */
  call<T>(service: Service, what: string, effect: () => T): Promise<T> {
    const { time, trace, random } = this.#world;
    return new Promise((resolve, reject) => {
      if (!this.isAlive) return;
      const answer = (settle: () => void) => this.#answer(what, settle);
      time.after(this.#delayMs(), () => {
        if (this.isAlive) this.takeStep("before", what);
        if (!this.isAlive && !(service.isRemote && random.next() < 0.5)) return;
        if (service.isAwayNow()) {
          this.#noteDiskError(service);
          return answer(() => reject(service.noAnswer(what, "no connection")));
        }
        trace.step(this.name, what);
        let settle: () => void;
        try {
          const result = effect();
          settle = () => resolve(result);
        } catch (error) {
          settle = () => reject(error);
        }
        if (this.#world.happens(this.#world.weather.lostAnswers * service.roughness)) {
          this.#noteDiskError(service);
          settle = () => {
            trace.tell(this.name, `gets no answer: ${what}`);
            reject(service.noAnswer(what, "no answer in time"));
          };
        }
        answer(settle);
      });
    });
  }

  #answer(what: string, settle: () => void): void {
    this.#world.time.after(this.#delayMs(), () => this.#settle(what, settle));
  }

  #settle(what: string, settle: () => void): void {
    const pausedMs = this.#pausedUntilMs - this.#world.time.nowMs;
    if (pausedMs > 0) return this.#world.time.after(pausedMs, () => this.#settle(what, settle));
    if (this.isAlive) this.takeStep("after", what);
    if (this.isAlive) settle();
  }

  #noteDiskError(service: Service): void {
    if (!service.isRemote) this.hadDiskError = true;
  }

  #delayMs(): number {
    const { random, weather } = this.#world;
    if (this.#world.happens(weather.slowCalls)) return random.integer(1, MAX_SLOW_MS);
    return random.integer(0, MAX_DELAY_MS);
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        if (!this.isAlive) return;
        signal.removeEventListener("abort", wake);
        resolve();
      };
      signal.addEventListener("abort", wake);
      this.#world.time.after(ms, () => this.#settle("a pause", wake));
    });
  }
}
