const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];

/** Exit code of a process ended by a second Ctrl-C. */
const INTERRUPTED = 130;

/**
 * Calls `stop` at the first SIGINT or SIGTERM and ends the process at the second. Dispose of it
 * when there is nothing left to stop.
 */
export function stopOnSignals(stop: (signal: Deno.Signal) => void): Disposable {
  let stopping = false;
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      if (stopping) Deno.exit(INTERRUPTED);
      stopping = true;
      stop(signal);
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
