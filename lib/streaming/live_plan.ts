import {
  type Decoder,
  isLearning,
  type LearningDecoder,
  type OutputMode,
  type SchemaLearned,
  SluiceError,
} from "../core/mod.ts";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import { compilePlan } from "./plan/compile_plan.ts";
import type { QueryPlan } from "./plan/query_plan.ts";
import { withDecoders } from "./plan/with_decoders.ts";
import type { WrittenQuery } from "./start_query.ts";

/** The plan of a query whose decoders may learn of more columns while it lives. */
export class LivePlan {
  readonly #checkpoint: Checkpoint;
  readonly #outputMode: OutputMode;
  #query: WrittenQuery;
  #plan: QueryPlan;

  /** `plan` is that of the query as it is written. */
  constructor(
    query: WrittenQuery,
    outputMode: OutputMode,
    plan: QueryPlan,
    checkpoint: Checkpoint,
  ) {
    this.#query = query;
    this.#outputMode = outputMode;
    this.#plan = plan;
    this.#checkpoint = checkpoint;
  }

  /** The plan as it is now. */
  get now(): QueryPlan {
    return this.#plan;
  }

  /**
   * Brings in what earlier runs learned.
   *
   * @throws {SluiceError} `BAD_CHECKPOINT`, and what operators throw that cannot take the columns.
   */
  async recall(): Promise<void> {
    for (const [i, decoder] of this.#decoders().entries()) {
      if (decoder === undefined || !isLearning(decoder)) continue;
      const learned = await this.#checkpoint.source(i).learned();
      if (learned !== undefined) this.#put(decoder, learned);
    }
  }

  /** Brings in what a decoder has learned, once that is noted in the checkpoint. */
  async learn({ decoder, learned, message }: SchemaLearned): Promise<void> {
    const decoders = this.#decoders();
    const source = decoders.findIndex((each) => each === decoder);
    const learner = decoders[source];
    if (learner === undefined || !isLearning(learner)) throw unknownDecoder(message);
    // First: columns that the query cannot take must not stand in the way of its next start.
    this.#put(learner, learned);
    await this.#checkpoint.source(source).writeLearned(learned);
  }

  #put(decoder: LearningDecoder, learned: string): void {
    const decoders = new Map<Decoder, Decoder>([[decoder, decoder.withLearned(learned)]]);
    const query = withDecoders(this.#query, decoders);
    const plan = compilePlan(query.name, query.last, query.taps, this.#outputMode);
    refuseOtherState(this.#plan, plan);
    this.#plan = plan;
    this.#query = query;
  }

  /** The decoder of each source, in the order of their numbers. */
  #decoders(): (Decoder | undefined)[] {
    return this.#plan.inputs.map(({ nodes: [first] }) =>
      first?.kind === "source" ? first.decoder : undefined
    );
  }
}

/** What operators remember was written without the new columns. */
function refuseOtherState(before: QueryPlan, after: QueryPlan): void {
  for (const [i, step] of before.steps.entries()) {
    const other = after.steps[i];
    if (step.kind === "stateless" || other?.kind !== "stateful") continue;
    if (step.operator.stateDescription === other.operator.stateDescription) continue;
    throw new SluiceError("BAD_PIPELINE", {
      attempted: "let new columns come by themselves",
      where: step.operator.name,
      found: "an operator that remembers rows as they were",
      wanted: "rows that stay as they are there",
      hint: `put select("…", …) before it, or read the records with newColumns: "ignore"`,
    });
  }
}

function unknownDecoder(found: string): SluiceError {
  return new SluiceError("BAD_DECODER", {
    attempted: "bring in what a decoder has learned",
    found: `${found}, told by a decoder that the query does not have`,
    wanted: "SchemaLearned with the decoder itself that was asked to decode",
  });
}
