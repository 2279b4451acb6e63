import type { BatchContext, JoinType } from "../../../lib/transforms/mod.ts";

/** What a join is, told as questions about rows. */
export interface JoinRule<Left, Right> {
  readonly type: JoinType;
  /** The event time of a row; absent: the side has none. */
  readonly leftTime: ((row: Left) => bigint | null) | undefined;
  readonly rightTime: ((row: Right) => bigint | null) | undefined;
  readonly matches: (left: Left, right: Right) => boolean;
  /** False for rows that match nothing whatever comes: a null in a key, no time. */
  readonly leftCanMatch: (row: Left) => boolean;
  readonly rightCanMatch: (row: Right) => boolean;
  /** True if all that could still match would be late. Asked only of rows that can match. */
  readonly leftIsOver: (row: Left, watermarkMicros: bigint) => boolean;
  readonly rightIsOver: (row: Right, watermarkMicros: bigint) => boolean;
}

/** A pair of a join, or a row without a partner. */
export interface Pair<Left, Right> {
  readonly left?: Left;
  readonly right?: Right;
}

/** What comes of one batch. */
export interface PlainOutcome<Left, Right> {
  readonly rows: readonly Pair<Left, Right>[];
  readonly lateLeft: readonly Left[];
  readonly lateRight: readonly Right[];
}

interface Kept<Row> {
  readonly row: Row;
  hasPartner: boolean;
  isDone: boolean;
}

/** A join by plain loops over all rows that ever came: it forgets nothing. */
export class PlainJoin<Left, Right> {
  readonly #rule: JoinRule<Left, Right>;
  readonly #left: Kept<Left>[] = [];
  readonly #right: Kept<Right>[] = [];

  constructor(rule: JoinRule<Left, Right>) {
    this.#rule = rule;
  }

  batch(left: readonly Left[], right: readonly Right[], context: BatchContext) {
    const { type, leftTime, rightTime, leftCanMatch, rightCanMatch, leftIsOver, rightIsOver } =
      this.#rule;
    const isLate = (time: bigint | null | undefined) =>
      time !== null && time !== undefined && time <= context.lateMicros;
    const firstLeft = this.#left.length;
    const firstRight = this.#right.length;
    this.#left.push(...left.filter((row) => !isLate(leftTime?.(row))).map(newlyKept));
    this.#right.push(...right.filter((row) => !isLate(rightTime?.(row))).map(newlyKept));

    const rows: Pair<Left, Right>[] = [];
    for (const [i, l] of this.#left.entries()) {
      for (const [j, r] of this.#right.entries()) {
        if (i < firstLeft && j < firstRight) continue;
        if (!this.#rule.matches(l.row, r.row)) continue;
        rows.push({ left: l.row, right: r.row });
        l.hasPartner = r.hasPartner = true;
      }
    }
    const alone = <Row>(
      kept: readonly Kept<Row>[],
      canMatch: (row: Row) => boolean,
      isOver: (row: Row, watermark: bigint) => boolean,
    ): Row[] =>
      kept.filter((one) => {
        if (one.isDone || (canMatch(one.row) && !isOver(one.row, context.watermarkMicros))) {
          return false;
        }
        one.isDone = true;
        return !one.hasPartner;
      }).map(({ row }) => row);
    const leftAlone = alone(this.#left, leftCanMatch, leftIsOver);
    const rightAlone = alone(this.#right, rightCanMatch, rightIsOver);
    if (type === "leftOuter" || type === "fullOuter") {
      rows.push(...leftAlone.map((row) => ({ left: row })));
    }
    if (type === "rightOuter" || type === "fullOuter") {
      rows.push(...rightAlone.map((row) => ({ right: row })));
    }
    return {
      rows,
      lateLeft: left.filter((row) => isLate(leftTime?.(row))),
      lateRight: right.filter((row) => isLate(rightTime?.(row))),
    };
  }
}

function newlyKept<Row>(row: Row): Kept<Row> {
  return { row, hasPartner: false, isDone: false };
}
