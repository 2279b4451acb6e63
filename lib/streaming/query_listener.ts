import type { StreamingQueryProgress } from "./progress.ts";

/** Told what a query does, while it does it. Must not throw. */
export interface QueryListener {
  /** A batch is in every sink. */
  onProgress?(progress: StreamingQueryProgress): void;
  /** A service is away and the step will be tried again, or something else worth a line. */
  onNotice?(message: string): void;
}
