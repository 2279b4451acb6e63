import { type Batch, type Rejection, SluiceError } from "../../core/mod.ts";
import { allRows } from "../operator.ts";

/** SQL evaluated over the rows of a batch for which it has a value. */
export interface EvaluatedRows<Row, Value> {
  /** These rows: the batch itself if no row failed. */
  readonly batch: Batch<Row>;
  /** For each of them, its index in the whole batch; ascending. */
  readonly rows: Int32Array;
  /** What came of them. */
  readonly value: Value;
  /** The rows that failed: an overflow, a division by zero, a failed cast. */
  readonly rejections: readonly Rejection[];
}

/**
 * Evaluates SQL over a batch. It runs over whole columns and fails as a whole; where it does, halves
 * are tried, and halves of these, until the rows that fail are alone.
 */
export function evaluateRows<Row, Value>(
  batch: Batch<Row>,
  evaluate: (batch: Batch) => Value,
): EvaluatedRows<Row, Value> {
  const tryRows = (rows: Batch<Row>) => attempt(() => evaluate(rows as unknown as Batch));
  const rejections: Rejection[] = [];
  const rows = allRows(batch);
  const whole = tryRows(batch);
  if (whole.error === undefined) return { batch, rows, value: whole.value, rejections };

  const reject = (part: Int32Array, error: SluiceError): void => {
    if (part.length === 1) {
      rejections.push({ index: part[0]!, error: withoutPlace(error) });
      return;
    }
    const middle = part.length >> 1;
    for (const half of [part.subarray(0, middle), part.subarray(middle)]) {
      const result = tryRows(batch.take(half));
      if (result.error !== undefined) reject(half, result.error);
    }
  };
  reject(rows, whole.error);
  const failed = new Set(rejections.map(({ index }) => index));
  const good = rows.filter((row) => !failed.has(row));
  const rest = batch.take(good);
  return { batch: rest, rows: good, value: evaluate(rest as unknown as Batch), rejections };
}

/** Any other error than that of a value is none of the rows', and is thrown on. */
function attempt<Value>(
  evaluate: () => Value,
): { readonly value: Value; readonly error?: undefined } | { readonly error: SluiceError } {
  try {
    return { value: evaluate() };
  } catch (error) {
    if (error instanceof SluiceError && error.code === "BAD_VALUE") return { error };
    throw error;
  }
}

/** Without the number of the row, which counts the rows of a part: the dead letter has the offset. */
function withoutPlace({ code, details }: SluiceError): string {
  const { where: _row, ...rest } = details;
  return new SluiceError(code, rest).message;
}
