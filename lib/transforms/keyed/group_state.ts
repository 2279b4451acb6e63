import { parseDuration, SluiceError } from "../../core/mod.ts";

/** When a group times out, if it does: by the watermark, or by the clock. */
export type GroupStateTimeout = "eventTime" | "processingTime";

/**
 * What is remembered of one group, in the hands of the function that is called for it: Spark's
 * `GroupState`. What is done wrong with it stops the query with an error that names the group
 * (`GROUP_FUNCTION_FAILED`).
 *
 * A timeout holds until the function is next called for the group, with rows or for that timeout: a
 * group that is to time out later must say so in every call.
 */
export interface GroupState<State> {
  /** True if there is a state. */
  readonly exists: boolean;
  /** The state. Throws if there is none. */
  get(): State;
  /** The state; `undefined` if there is none. */
  getOption(): State | undefined;
  /** Sets the state. It is written when the function is done. */
  update(state: State): void;
  /** Removes the state. A timeout that was set stays. */
  remove(): void;
  /** True if the function is called because the group timed out; there are no rows then. */
  readonly hasTimedOut: boolean;
  /**
   * Lets the group time out when the watermark has passed this time, in microseconds since 1970, and
   * maybe this much more: `"10 minutes"`. Throws without `timeout: "eventTime"`, and for a time that
   * is not positive or lies before the watermark.
   */
  setTimeoutTimestamp(timestampMicros: bigint, additionalDuration?: string): void;
  /**
   * Lets the group time out when this long has passed by the clock: milliseconds, or text such as
   * `"10 minutes"`. Throws without `timeout: "processingTime"`, and for a time that is not positive.
   */
  setTimeoutDuration(duration: number | string): void;
  /** The watermark of this batch, in microseconds since 1970. Throws if the rows have none. */
  readonly watermarkMicros: bigint;
  /** When this batch was planned, in milliseconds since 1970: the same in a replay. */
  readonly processingTimeMs: number;
}

/** What a group's state is made of. */
export interface GroupStateParts<State> {
  /** The state; `undefined` if there is none. */
  readonly state: State | undefined;
  /** True if there are no rows because the group timed out. */
  readonly hasTimedOut: boolean;
  /** Whether and how groups time out. */
  readonly timeout: GroupStateTimeout | undefined;
  /** The watermark of the batch; `undefined` if the rows have none. */
  readonly watermarkMicros: bigint | undefined;
  /** When the batch was planned, in milliseconds since 1970. */
  readonly processingTimeMs: number;
}

/** The `GroupState` of one call, and what the function did with it. */
export class GroupStateOfCall<State> implements GroupState<State> {
  readonly #parts: GroupStateParts<State>;
  #state: State | undefined;
  #isChanged = false;
  #timeoutMicros: bigint | undefined;

  /** Makes the state of a group for one call. */
  constructor(parts: GroupStateParts<State>) {
    this.#parts = parts;
    this.#state = parts.state;
  }

  /** True if the function updated or removed the state. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  /** When the group times out, in microseconds since 1970; `undefined` if it does not. */
  get timeoutMicros(): bigint | undefined {
    return this.#timeoutMicros;
  }

  get exists(): boolean {
    return this.#state !== undefined;
  }

  get hasTimedOut(): boolean {
    return this.#parts.hasTimedOut;
  }

  get processingTimeMs(): number {
    return this.#parts.processingTimeMs;
  }

  get watermarkMicros(): bigint {
    const { watermarkMicros } = this.#parts;
    if (watermarkMicros !== undefined) return watermarkMicros;
    throw wrongUse(
      "read the watermark of a group",
      "rows without a watermark",
      "withWatermark before",
    );
  }

  get(): State {
    if (this.#state !== undefined) return this.#state;
    throw wrongUse(
      "get the state of a group",
      "none, or it was removed",
      "getOption, or a look at exists",
    );
  }

  getOption(): State | undefined {
    return this.#state;
  }

  update(state: State): void {
    if (state === undefined || state === null) {
      throw wrongUse("update the state of a group", String(state), "a row of the state's schema");
    }
    this.#state = state;
    this.#isChanged = true;
  }

  remove(): void {
    this.#state = undefined;
    this.#isChanged = true;
  }

  setTimeoutTimestamp(timestampMicros: bigint, additionalDuration?: string): void {
    const attempted = "set the timeout of a group";
    this.#refuseOtherTimeout(attempted, "eventTime");
    const { watermarkMicros } = this.#parts;
    const micros = timestampMicros + positiveDuration(additionalDuration, attempted);
    if (micros <= 0n) throw wrongUse(attempted, `${micros}`, "a time after 1970, in microseconds");
    if (watermarkMicros !== undefined && micros < watermarkMicros) {
      throw wrongUse(attempted, `${micros}`, `a time not before the watermark, ${watermarkMicros}`);
    }
    this.#timeoutMicros = micros;
  }

  setTimeoutDuration(duration: number | string): void {
    const attempted = "set the timeout of a group";
    this.#refuseOtherTimeout(attempted, "processingTime");
    const micros = typeof duration === "string"
      ? parseDuration(duration, attempted)
      : Number.isSafeInteger(duration)
      ? BigInt(duration) * 1000n
      : 0n;
    if (micros <= 0n) {
      throw wrongUse(attempted, String(duration), 'more than 0 milliseconds, or "10 minutes"');
    }
    this.#timeoutMicros = BigInt(this.#parts.processingTimeMs) * 1000n + micros;
  }

  #refuseOtherTimeout(attempted: string, wanted: GroupStateTimeout): void {
    const { timeout } = this.#parts;
    if (timeout === wanted) return;
    const found = timeout === undefined ? "groups without timeout" : `timeout: "${timeout}"`;
    throw wrongUse(attempted, found, `timeout: "${wanted}" in the options`);
  }
}

function positiveDuration(text: string | undefined, attempted: string): bigint {
  if (text === undefined) return 0n;
  const micros = parseDuration(text, attempted);
  if (micros < 0n) throw wrongUse(attempted, `"${text}"`, "a duration that is not negative");
  return micros;
}

function wrongUse(attempted: string, found: string, wanted: string): SluiceError {
  return new SluiceError("BAD_OPTION", { attempted, found, wanted });
}
