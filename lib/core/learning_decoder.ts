import type { Decoder } from "./decoder.ts";

/** A decoder that learns from its records which columns there are, and makes wider rows then. */
export interface LearningDecoder<Row = Record<string, unknown>> extends Decoder<Row> {
  /**
   * The same decoder, knowing what `SchemaLearned` told. Its rows have the same columns, and maybe more.
   *
   * @throws {SluiceError} `BAD_CHECKPOINT` for a text that it did not tell.
   */
  withLearned(learned: string): LearningDecoder<Row>;
}

/** True for a decoder that learns. */
export function isLearning<Row>(decoder: Decoder<Row>): decoder is LearningDecoder<Row> {
  return "withLearned" in decoder;
}

/**
 * Thrown by `decode` when a record tells of columns that the decoder does not know yet. Nothing of the
 * block is to be used: it is read again by `decoder.withLearned(learned)`.
 */
export class SchemaLearned extends Error {
  /** Which decoder learned. */
  readonly decoder: object;
  /** All that it knows now, as one line of text. */
  readonly learned: string;

  /** `message` is for people: `new column "note" string`; empty if they need not know. */
  constructor(message: string, decoder: object, learned: string) {
    super(message);
    this.name = "SchemaLearned";
    this.decoder = decoder;
    this.learned = learned;
  }
}
