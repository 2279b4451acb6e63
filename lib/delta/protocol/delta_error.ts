import { errorText, SluiceError } from "../../core/mod.ts";

const PERMANENT = [
  Deno.errors.NotFound,
  Deno.errors.PermissionDenied,
  Deno.errors.NotADirectory,
  Deno.errors.NotCapable,
];

/**
 * Runs a step that reads or writes files; what the file system throws becomes a `DELTA_STORAGE`
 * error, retryable unless trying again cannot help.
 */
export async function withStorageErrors<T>(
  attempted: string,
  where: string,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    if (cause instanceof SluiceError || !isStorageError(cause)) throw cause;
    throw new SluiceError("DELTA_STORAGE", {
      attempted,
      where,
      found: errorText(cause),
      retryable: !PERMANENT.some((permanent) => cause instanceof permanent),
      cause,
    });
  }
}

/** Errors of the operating system have a code, as `ENOSPC`; Deno's own have a class. */
function isStorageError(error: unknown): boolean {
  return error instanceof Error &&
    ("code" in error || Object.values(Deno.errors).some((type) => error instanceof type));
}
