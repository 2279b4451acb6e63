import { decimalText, type FeedEvent } from "../feed.ts";
import type { PlainRow } from "./kind.ts";

/** An event as a sink holds it. */
export function plainEvent({ cents, ...event }: FeedEvent): PlainRow {
  return { ...event, amount: cents === null ? null : decimalText(cents) };
}
