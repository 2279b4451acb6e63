/** A row as it is compared: its key, and the text of each column. */
export interface ComparedRow {
  readonly key: bigint;
  /** Null for SQL's null. */
  readonly values: readonly (string | null)[];
  /** Another one whenever the row is written. */
  readonly version: string;
}

/** A row of the copy that the source does not have. */
export type SurplusRow = Pick<ComparedRow, "key" | "version">;

/** A key whose rows are not the same. */
export interface Difference {
  readonly key: bigint;
  /** What differs, for a person. */
  readonly what: string;
}

/** What comparing two tables found. */
export interface Comparison {
  /** Rows of the source. */
  readonly sourceRows: number;
  /** Rows that are the same in both. */
  readonly equal: number;
  /** Rows that are in both, with other values. */
  readonly different: number;
  /** Rows of the source that the copy lacks. */
  readonly missing: number;
  /** Rows of the copy that the source does not have. */
  readonly surplus: number;
  /** All of these. */
  readonly surplusRows: readonly SurplusRow[];
  /**
   * Columns that differ only where the copy has null, and the source one and the same value: as if they
   * had been added with a default.
   */
  readonly defaultColumns: readonly string[];
  /** The first of those that are not equal, by key. */
  readonly differences: readonly Difference[];
}

const MAX_DIFFERENCES = 10;

/**
 * Compares two tables row for row; both come in the order of their keys. Of rows nothing is kept but the
 * keys of those that are too many.
 */
export async function compareRows(
  columns: readonly string[],
  source: AsyncIterable<ComparedRow>,
  copy: AsyncIterable<ComparedRow>,
): Promise<Comparison> {
  const found = { sourceRows: 0, equal: 0, different: 0, missing: 0, surplus: 0 };
  const differences: Difference[] = [];
  const surplusRows: SurplusRow[] = [];
  // By column, where it differs: the one value that the source has instead of null, or false.
  const defaults = new Map<string, string | false>();
  const tell = (key: bigint, what: string) => {
    if (differences.length < MAX_DIFFERENCES) differences.push({ key, what });
  };
  const sources = source[Symbol.asyncIterator]();
  const copies = copy[Symbol.asyncIterator]();
  let wanted = await nextRow(sources);
  let copied = await nextRow(copies);
  while (wanted !== undefined || copied !== undefined) {
    if (wanted === undefined || (copied !== undefined && copied.key < wanted.key)) {
      found.surplus++;
      surplusRows.push({ key: copied!.key, version: copied!.version });
      tell(copied!.key, "is not in the source");
      copied = await nextRow(copies);
      continue;
    }
    found.sourceRows++;
    if (copied === undefined || wanted.key < copied.key) {
      found.missing++;
      tell(wanted.key, "is not in the copy");
    } else {
      const differing = differencesOf(columns, wanted, copied);
      if (differing.length === 0) found.equal++;
      else {
        found.different++;
        tell(wanted.key, differing.map(differenceText).join("; "));
        for (const each of differing) noteDefault(defaults, each);
      }
      copied = await nextRow(copies);
    }
    wanted = await nextRow(sources);
  }
  const defaultColumns = [...defaults].flatMap(([column, value]) => value === false ? [] : column);
  return { ...found, surplusRows, defaultColumns, differences };
}

async function nextRow(rows: AsyncIterator<ComparedRow>): Promise<ComparedRow | undefined> {
  const next = await rows.next();
  return next.done ? undefined : next.value;
}

/** A value that is not the same in both. */
interface ValueDifference {
  readonly column: string;
  readonly wanted: string | null;
  readonly copied: string | null;
}

function differencesOf(
  columns: readonly string[],
  source: ComparedRow,
  copy: ComparedRow,
): ValueDifference[] {
  return columns
    .map((column, i) => ({ column, wanted: source.values[i]!, copied: copy.values[i]! }))
    .filter(({ wanted, copied }) => wanted !== copied);
}

function differenceText({ column, wanted, copied }: ValueDifference): string {
  return `${column}: source ${JSON.stringify(wanted)}, copy ${JSON.stringify(copied)}`;
}

function noteDefault(
  defaults: Map<string, string | false>,
  { column, wanted, copied }: ValueDifference,
): void {
  const isDefault = copied === null && (defaults.get(column) ?? wanted) === wanted;
  defaults.set(column, isDefault && wanted !== null ? wanted : false);
}
