import { badOption, type Batch, refuseUnknownOptions } from "../../core/mod.ts";
import { type ParquetRowGroup, readParquetFooter } from "../../parquet/mod.ts";
import { bindPredicate, type Predicate } from "../../sql/mod.ts";
import { decodeDataFile, loadDataFile, wantedFields } from "../files/read_data_file.ts";
import type { TableLayout } from "../files/table_layout.ts";
import type { AddFile } from "../protocol/actions.ts";
import { candidateFiles, type FileCandidate } from "./candidate_files.ts";
import { candidateRowGroups } from "./candidate_row_groups.ts";
import { project } from "./project.ts";
import { readAhead } from "./read_ahead.ts";

/** Which rows and columns of a table to read. */
export interface ScanOptions {
  /** Names of columns, in the table's order whatever order they are in; absent: all. */
  readonly columns?: readonly string[];
  /** A condition in SQL; absent: all rows. */
  readonly where?: string;
  /** How many rows at most; absent: all. */
  readonly limit?: number;
}

/** What to read from. */
export interface ScanSource {
  /** How the table's files are laid out. */
  readonly layout: TableLayout;
  /** Its files. */
  readonly files: Iterable<AddFile>;
}

/** How much of a file is decoded at once, in bytes that are not compressed; one row group at least. */
const MAX_DECODED_BYTES = 256 * 2 ** 20;

/**
 * Reads the rows of a table, a batch for each data file that has some, or several if the file is
 * large; in no order that means anything. Files and row groups that cannot have a row that is looked
 * for are not read, and of the others only the columns that are needed. One file is read ahead
 * while another is worked on.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { appendRows } from "../commands/write/append.ts";
 * import { createTable } from "../commands/define/create_table.ts";
 * import { scan } from "./scan.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long(), symbol: s.string() }) });
 * await appendRows(table, [{ id: 1n, symbol: "BTCUSDT" }, { id: 2n, symbol: "ETHUSDT" }]);
 *
 * const source = { layout: table.layout(), files: table.snapshot.files() };
 * const [batch] = await Array.fromAsync(scan(source, { columns: ["symbol"], where: "id > 1" }));
 * deepEqual([...batch!.rows()], [{ symbol: "ETHUSDT" }]);
 * await Deno.remove(path, { recursive: true });
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`, `UNKNOWN_COLUMN`, `BAD_EXPRESSION`, and what
 * `readDataFile` throws.
 */
export async function* scan(
  { layout, files }: ScanSource,
  options: ScanOptions = {},
): AsyncGenerator<Batch> {
  refuseUnknownOptions("read a Delta table", options, ["columns", "where", "limit"]);
  const { where, limit = Infinity } = options;
  if (!(limit >= 0 && (limit === Infinity || Number.isSafeInteger(limit)))) {
    throw badOption("read a Delta table", "limit", String(limit), "a number of rows");
  }
  if (options.columns?.length === 0) {
    throw badOption("read a Delta table", "columns", "none", "at least one column");
  }
  const predicate = where === undefined ? undefined : bindPredicate(where, layout.schema);
  const wanted = wantedFields(layout.schema, options.columns).map(({ name }) => name);
  const candidates = candidateFiles(layout, files, predicate);
  let left = limit;
  if (left === 0) return;
  const load = async (candidate: FileCandidate) => ({
    ...candidate,
    bytes: await loadDataFile(layout.path, candidate.file.path),
  });
  for await (const loaded of readAhead(candidates, load)) {
    for await (const batch of readCandidate(layout, loaded, predicate, wanted)) {
      const some = batch.numRows > left ? batch.take(firstRows(left)) : batch;
      left -= some.numRows;
      if (some.numRows > 0) yield some;
      if (left === 0) return;
    }
  }
}

/** The columns wanted of those rows of a file for which the predicate is true. */
async function* readCandidate(
  layout: TableLayout,
  { file, match, bytes }: FileCandidate & { readonly bytes: Uint8Array },
  predicate: Predicate | undefined,
  wanted: readonly string[],
): AsyncGenerator<Batch> {
  const tested = match === "all" ? undefined : predicate;
  const columns = [...wanted, ...tested?.columns.map(({ path }) => path[0]!) ?? []];
  const { rowGroups } = readParquetFooter(bytes);
  const kept = tested === undefined
    ? [...rowGroups.keys()]
    : candidateRowGroups(layout, file, bytes, tested);
  for (const part of partsOf(rowGroups, kept)) {
    const { batch } = await decodeDataFile(layout, file, bytes, {
      columns,
      ...(part.length === rowGroups.length ? {} : { rowGroups: part }),
    });
    const projected = project(batch, wanted);
    if (tested === undefined) {
      yield projected;
      continue;
    }
    const rows = tested.select(batch);
    yield rows.length === batch.numRows ? projected : projected.take(rows);
  }
}

/** Row groups that are decoded together; more than one only if they have `maxBytes` at most. */
export function* partsOf(
  rowGroups: readonly ParquetRowGroup[],
  kept: readonly number[],
  maxBytes: number = MAX_DECODED_BYTES,
): Generator<number[]> {
  let part: number[] = [];
  let bytes = 0;
  for (const group of kept) {
    bytes += rowGroups[group]!.totalByteSize;
    if (part.length > 0 && bytes > maxBytes) {
      yield part;
      part = [];
      bytes = rowGroups[group]!.totalByteSize;
    }
    part.push(group);
  }
  if (part.length > 0) yield part;
}

function firstRows(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, row) => row);
}
