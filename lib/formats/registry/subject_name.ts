/** What a subject is named for. */
export type SubjectOf =
  | { readonly topic: string; readonly part?: "key" | "value" }
  | { readonly record: string }
  | { readonly topic: string; readonly record: string };

/**
 * The name of a subject, as Confluent's strategies make it: of a topic (its values, or its keys), of
 * a record by its full name wherever it is written, or of a record in one topic.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { subjectName } from "./subject_name.ts";
 *
 * equal(subjectName({ topic: "trades" }), "trades-value");
 * equal(subjectName({ topic: "trades", part: "key" }), "trades-key");
 * equal(subjectName({ record: "com.example.Trade" }), "com.example.Trade");
 * equal(subjectName({ topic: "trades", record: "com.example.Trade" }), "trades-com.example.Trade");
 * ```
 */
export function subjectName(of: SubjectOf): string {
  if (!("topic" in of)) return of.record;
  return "record" in of ? `${of.topic}-${of.record}` : `${of.topic}-${of.part ?? "value"}`;
}
