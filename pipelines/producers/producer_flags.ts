import { count, type Flag, type Flags, type FlagValues, wholeNumber } from "../../lib/cli/mod.ts";

const DEFAULT_INTERVAL_MS = 1_000;

/** The flags of every simulator that makes something now and then. */
export type ProducerFlags = Readonly<
  Record<"interval" | "count" | "seed", Flag & { type: "string" }>
>;

/** How many are made, and how fast. */
export interface ProducerSettings {
  readonly intervalMs: number;
  /** Absent: until it is stopped. */
  readonly count?: number;
  /** Absent: as its flag says. */
  readonly seed?: number;
}

/**
 * The flags for things of a name.
 *
 * @param what `change`
 * @param defaultSeed what the seed is otherwise: `the time`
 */
export function producerFlags(what: string, defaultSeed: string): ProducerFlags {
  return {
    interval: {
      type: "string",
      value: "ms",
      help: `milliseconds from one ${what} to the next; default ${count(DEFAULT_INTERVAL_MS)}; ` +
        "0: as fast as they can be made, and without showing them",
    },
    count: { type: "string", value: "n", help: `${what}s to make; default: until Ctrl-C` },
    seed: { type: "string", value: "n", help: `seed of the simulation; default: ${defaultSeed}` },
  } satisfies Flags;
}

/**
 * What these flags say.
 *
 * @throws {SluiceError} `BAD_FLAG`.
 */
export function producerSettings(values: FlagValues<ProducerFlags>): ProducerSettings {
  const limit = wholeNumber("count", values.count, 1);
  const seed = wholeNumber("seed", values.seed, 0);
  return {
    intervalMs: wholeNumber("interval", values.interval, 0) ?? DEFAULT_INTERVAL_MS,
    ...(limit === undefined ? {} : { count: limit }),
    ...(seed === undefined ? {} : { seed }),
  };
}
