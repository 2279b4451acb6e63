/** A step of the commit protocol at which a fault test may let a run crash. */
export interface FailpointInfo {
  /** What `onFailpoint` is told; `:I` stands for the number of the sink, counted from 0. */
  readonly name: string;
  /** What has just happened there, and so what a crash there leaves. */
  readonly meaning: string;
  /** Set where a query must have operators that keep state, or joins with tables, to come by it. */
  readonly needs?: "state" | "tables";
}

/** Every failpoint of the engine, in the order in which a batch comes by them. */
export const FAILPOINTS: readonly FailpointInfo[] = [
  {
    name: "static:loaded",
    meaning: "a table that the stream is joined with was kept; no batch is in hand",
    needs: "tables",
  },
  { name: "polled", meaning: "the sources said how far they go; nothing is chosen yet" },
  { name: "reading", meaning: "a block of records was read and decoded; more may come" },
  { name: "decoded", meaning: "the ranges of a batch were read and decoded; nothing is planned" },
  { name: "planned", meaning: "offsets/N is written: from here a crash replays these ranges" },
  { name: "operators-run", meaning: "the operators ran; their state is not committed" },
  { name: "staged:I", meaning: "a sink has written the batch where nobody sees it" },
  { name: "committing:I", meaning: "a sink is about to commit; those before it have" },
  { name: "committed:I", meaning: "a sink has committed; those behind it have not" },
  { name: "sinks-committed", meaning: "every sink has the batch; the state is as of N-1" },
  {
    name: "state:committing",
    meaning: "the state is about to be committed",
    needs: "state",
  },
  {
    name: "state:committed",
    meaning: "the state is as of N; only commits/N is missing",
    needs: "state",
  },
  { name: "done", meaning: "commits/N is written" },
];

/** Which failpoints a query comes by. */
export interface FaultyQuery {
  /** How many sinks it has. */
  readonly numSinks: number;
  /** Whether operators of it keep state; default: no. */
  readonly hasState?: boolean;
  /** Whether it joins streams with tables; default: no. */
  readonly hasTables?: boolean;
}

/** The names of all failpoints that a query comes by, in their order. */
export function failpointsOf({ numSinks, hasState, hasTables }: FaultyQuery): string[] {
  const has = { state: hasState === true, tables: hasTables === true };
  return FAILPOINTS.filter(({ needs }) => needs === undefined || has[needs]).flatMap(({ name }) =>
    name.endsWith(":I")
      ? Array.from({ length: numSinks }, (_, i) => name.replace(/I$/, String(i)))
      : [name]
  );
}
