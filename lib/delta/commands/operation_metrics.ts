/** Counts as a commit holds them: as text. */
export function textMetrics(counts: object): Record<string, string> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, String(count)]));
}
