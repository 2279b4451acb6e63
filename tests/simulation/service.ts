import { SluiceError } from "../../lib/core/mod.ts";
import type { World } from "./world.ts";

const MAX_OUTAGE_MS = 20_000;

/** Something outside of the processes that they talk to: a broker, a database, a disk. */
export class Service {
  readonly name: string;
  /** True if what is asked may arrive after the one who asked is dead. */
  readonly isRemote: boolean;
  /** How much more often than elsewhere things go wrong with it. */
  readonly roughness: number;
  readonly #world: World;
  #awayUntilMs = 0;

  constructor(world: World, name: string, options: { isRemote: boolean; roughness: number }) {
    this.#world = world;
    this.name = name;
    this.isRemote = options.isRemote;
    this.roughness = options.roughness;
  }

  /** True while nobody can reach it; asking may be what it takes to begin an outage. */
  isAwayNow(): boolean {
    const { time, trace, random } = this.#world;
    if (time.nowMs < this.#awayUntilMs) return true;
    if (!this.#world.happens(this.#world.weather.outages * this.roughness)) return false;
    const forMs = random.integer(1, random.integer(1, MAX_OUTAGE_MS));
    this.#awayUntilMs = time.nowMs + forMs;
    trace.tell(this.name, `is away for ${forMs} ms`);
    return true;
  }

  /** It is back, if it was away. */
  heal(): void {
    this.#awayUntilMs = 0;
  }

  /** What one gets who cannot reach it, or waits in vain for its answer. */
  noAnswer(what: string, found: string): Error {
    if (!this.isRemote) return new Error(`${what}: input/output error`);
    return new SluiceError("AWAY", {
      attempted: what,
      where: this.name,
      found,
      retryable: true,
    });
  }
}
