import { errorText } from "../../core/mod.ts";
import type { QueryEvent, QueryListener } from "./query_listener.ts";

/** Tells all listeners; what one of them throws is a notice to the others. */
export function tellListeners(
  listeners: readonly QueryListener[],
  tell: (listener: QueryListener) => void,
  event: () => QueryEvent,
): void {
  for (const listener of listeners) {
    try {
      tell(listener);
    } catch (error) {
      const notice = `a listener failed: ${errorText(error)}`;
      for (const other of listeners) if (other !== listener) tellNotice(other, notice, event());
    }
  }
}

function tellNotice(listener: QueryListener, notice: string, event: QueryEvent): void {
  try {
    listener.onNotice?.(notice, event);
  } catch {
    // It fails on this too; there is nobody left to tell.
  }
}
