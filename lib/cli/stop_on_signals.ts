const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];

/** Exit code of a process ended by a second Ctrl-C. */
const INTERRUPTED = 130;

/** One Ctrl-C comes twice where the terminal and `deno task` both send it. */
const SAME_SIGNAL_MS = 500;

/**
 * Calls `stop` at the first SIGINT or SIGTERM and ends the process at the second; one that comes within
 * half a second of the first is the same one. Dispose of it when there is nothing left to stop.
 */
export function stopOnSignals(stop: (signal: Deno.Signal) => void): Disposable {
  let stoppedMs: number | undefined;
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      if (stoppedMs === undefined) {
        stoppedMs = performance.now();
        stop(signal);
      } else if (performance.now() - stoppedMs > SAME_SIGNAL_MS) Deno.exit(INTERRUPTED);
    };
    Deno.addSignalListener(signal, handler);
    return { signal, handler };
  });
  return {
    [Symbol.dispose]: () => {
      for (const { signal, handler } of handlers) Deno.removeSignalListener(signal, handler);
    },
  };
}
