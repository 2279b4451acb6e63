import type { StreamingQueryProgress } from "./progress.ts";

/** Which query something is told of. */
export interface QueryEvent {
  /** The query's id, the same over all restarts. */
  readonly id: string;
  /** This run's id. */
  readonly runId: string;
  /** The query's name. */
  readonly name: string;
  /** When it happened, ISO 8601, UTC. */
  readonly timestamp: string;
}

/** How a run of a query ended. */
export interface QueryTerminated extends QueryEvent {
  /** What ended it, if that was an error. */
  readonly error?: unknown;
}

/**
 * Told what a query does, while it does it. What a listener throws harms nothing: the others are told
 * of it as a notice.
 */
export interface QueryListener {
  /** The query runs: its sinks are open. */
  onStarted?(event: QueryEvent): void;
  /** A batch is in every sink. */
  onProgress?(progress: StreamingQueryProgress): void;
  /** There is nothing to do: told at once, and every ten seconds as long as that is so. */
  onIdle?(event: QueryEvent): void;
  /** The query has ended, and all it had open is closed. */
  onTerminated?(event: QueryTerminated): void;
  /** A service is away and the step will be tried again, or something else worth a line. */
  onNotice?(message: string, event: QueryEvent): void;
}
