import { Random } from "../support/random.ts";
import { Trace } from "./trace.ts";
import { VirtualTime } from "./virtual_time.ts";

/** How often things go wrong, as probabilities for each call. */
export interface Weather {
  /** A service begins to be away. */
  readonly outages: number;
  /** A call takes effect, and its answer is lost. */
  readonly lostAnswers: number;
  /** A call takes seconds. */
  readonly slowCalls: number;
}

/** The weather in which nothing goes wrong. */
export const CALM: Weather = { outages: 0, lostAnswers: 0, slowCalls: 0 };

/** When a simulated world begins, in milliseconds since 1970. */
export const WORLD_BEGINS_MS: number = Date.UTC(2026, 0, 1);

/** What all parts of a simulation share: time, chance, the weather and the record of it all. */
export class World {
  readonly time = new VirtualTime(WORLD_BEGINS_MS);
  readonly random: Random;
  readonly trace: Trace;
  weather: Weather = CALM;
  /** True if two processes ran the query at the same time. */
  hadRivals = false;

  constructor(seed: number, keepsLines: boolean) {
    this.random = new Random(seed);
    this.trace = new Trace(() => this.time.nowMs - WORLD_BEGINS_MS, keepsLines);
  }

  /** True with this probability. */
  happens(probability: number): boolean {
    return probability > 0 && this.random.next() < probability;
  }
}
