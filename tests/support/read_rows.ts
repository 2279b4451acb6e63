import type { Offsets, ReadOptions, RowSource } from "../../lib/core/mod.ts";

/** The rows of a range, as a query would get them. */
export async function readRows<Row>(
  source: RowSource<Row>,
  start: Offsets,
  end: Offsets,
  options: Partial<ReadOptions> = {},
): Promise<Row[]> {
  const signal = new AbortController().signal;
  const rows: Row[] = [];
  for await (const block of source.read(start, end, { signal, ...options })) {
    rows.push(...block.rows!.rows() as Iterable<Row>);
  }
  return rows;
}
