import { errorText } from "../../core/mod.ts";
import type { QueryEvent, QueryListener } from "./query_listener.ts";

/**
 * Tells all listeners; what one of them throws is a notice to the others. Nobody waits for one that is
 * async, but what it rejects with is told as well: else it would end the process.
 */
export function tellListeners(
  listeners: readonly QueryListener[],
  tell: (listener: QueryListener) => unknown,
  event: () => QueryEvent,
): void {
  for (const listener of listeners) {
    const failed = (error: unknown) => {
      const notice = `a listener failed: ${errorText(error)}`;
      for (const other of listeners) if (other !== listener) tellNotice(other, notice, event());
    };
    try {
      Promise.resolve(tell(listener)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

function tellNotice(listener: QueryListener, notice: string, event: QueryEvent): void {
  try {
    const told: unknown = listener.onNotice?.(notice, event);
    Promise.resolve(told).catch(() => {});
  } catch {
    // It fails on this too; there is nobody left to tell.
  }
}
