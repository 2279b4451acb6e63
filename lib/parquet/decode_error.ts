import { errorText, SluiceError } from "../core/mod.ts";

/** The error for bytes that are no sound Parquet file. */
export function decodeError(found: string, wanted?: string): SluiceError {
  return new SluiceError("PARQUET_DECODE", {
    attempted: "read a Parquet file",
    found,
    ...(wanted === undefined ? {} : { wanted }),
  });
}

/** The same for what a library underneath threw. */
export function decodeFailure(cause: unknown): SluiceError {
  return new SluiceError("PARQUET_DECODE", {
    attempted: "read a Parquet file",
    found: errorText(cause),
    cause,
  });
}
