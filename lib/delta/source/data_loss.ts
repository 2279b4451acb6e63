import { SluiceError } from "../../core/mod.ts";
import { ATTEMPTED } from "./source_options.ts";

/** What to do when commits or files are gone that were not read yet. */
export const LOSS_HINT =
  "a cleanup of the log or a vacuum removed what the query had not read: start a new query with " +
  "an empty checkpointLocation, which reads the table as it is now, and let the table keep its " +
  "history for longer than a query may stand still (delta.logRetentionDuration, " +
  "delta.deletedFileRetentionDuration)";

/** Turns the error of a step that finds its commit or file removed into one of lost data. */
export async function asDataLoss<T>(where: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw dataLossOf(cause, where);
  }
}

/** The same for items that are read one after the other. */
export async function* eachAsDataLoss<T>(
  where: string,
  items: AsyncIterable<T>,
): AsyncGenerator<T> {
  try {
    for await (const item of items) yield item;
  } catch (cause) {
    throw dataLossOf(cause, where);
  }
}

function dataLossOf(cause: unknown, where: string): unknown {
  const isGone = cause instanceof SluiceError &&
    (cause.code === "VERSION_NOT_FOUND" || cause.code === "FILE_NOT_FOUND");
  if (!isGone) return cause;
  return new SluiceError("DATA_LOSS", {
    attempted: ATTEMPTED,
    where: cause.details.where ?? where,
    ...(cause.details.found === undefined ? {} : { found: cause.details.found }),
    wanted: "all that was committed since the query stopped",
    hint: LOSS_HINT,
    cause,
  });
}
