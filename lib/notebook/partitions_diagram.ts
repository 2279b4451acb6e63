import { refuseUnknownOptions } from "../core/mod.ts";
import type { Display } from "./display.ts";
import { colorsOf, drawing, element, label, shortened } from "./svg.ts";

const BOX = 46;
const BOX_HEIGHT = 34;
const GAP = 4;
const LANE_HEIGHT = 74;
const LEFT = 96;
const TOP = 18;
const MAX_BOXES = 12;
/** About the width of a character of a reader's name. */
const CHAR_WIDTH = 6.5;

/** What is drawn of a record. */
export interface PartitionRecord {
  /** The partition it is in. */
  readonly partition: number;
  /** Its place there. */
  readonly offset: bigint;
  /** Records of one key have one colour; those without a key are grey. */
  readonly key: string | null;
}

/** How partitions are drawn. */
export interface PartitionsDiagramOptions {
  /** How many partitions there are; default: up to the last one that has a record. */
  readonly partitions?: number;
  /** The next offset, by partition; default: the one after the last record. */
  readonly endOffsets?: Readonly<Record<number, bigint>>;
  /** Where readers are: a reader's name to the next offset that it reads, by partition. */
  readonly positions?: Readonly<Record<string, Readonly<Record<number, bigint>>>>;
}

/**
 * Draws the records of a topic, a lane for each partition: a box is a record with its key, below it
 * its offset; the dashed box is where the next record will go. Of a long partition one sees the last
 * twelve records.
 *
 * @example
 * ```ts
 * import { ok } from "assert";
 * import { partitionsDiagram } from "./partitions_diagram.ts";
 *
 * const shown = partitionsDiagram([
 *   { partition: 0, offset: 0n, key: "ann" },
 *   { partition: 1, offset: 0n, key: "bob" },
 * ], { positions: { "the bill": { 0: 1n, 1: 0n } } });
 * ok(shown.mime["image/svg+xml"]?.includes("the bill"));
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`.
 */
export function partitionsDiagram(
  records: readonly PartitionRecord[],
  options: PartitionsDiagramOptions = {},
): Display {
  refuseUnknownOptions("draw partitions", options, ["partitions", "endOffsets", "positions"]);
  const { endOffsets = {}, positions = {} } = options;
  const count = options.partitions ??
    Math.max(0, ...records.map(({ partition }) => partition + 1));
  const colors = colorsOf(records.flatMap(({ key }) => key ?? []));
  const lanes = Array.from({ length: count }, (_, partition) => ({
    partition,
    endOffset: endOffsets[partition],
    records: records.filter((record) => record.partition === partition)
      .sort((a, b) => Number(a.offset - b.offset)),
  }));
  const longest = Math.max(0, ...lanes.map((lane) => Math.min(lane.records.length, MAX_BOXES)));
  const longestReader = Math.max(0, ...Object.keys(positions).map((name) => name.length));
  return drawing(
    {
      width: LEFT + (longest + 1) * (BOX + GAP) + longestReader * CHAR_WIDTH,
      height: TOP + count * LANE_HEIGHT,
      title: `${count} ${count === 1 ? "partition" : "partitions"}: ${
        lanes.map((lane) => `${lane.records.length} records in ${lane.partition}`).join(", ")
      }`,
    },
    ...lanes.map((lane) =>
      element(
        "g",
        { transform: `translate(0,${TOP + lane.partition * LANE_HEIGHT})` },
        ...laneParts(lane, colors, positions),
      )
    ),
  );
}

interface Lane {
  readonly partition: number;
  readonly endOffset: bigint | undefined;
  readonly records: readonly PartitionRecord[];
}

function laneParts(
  lane: Lane,
  colors: ReadonlyMap<string, string>,
  positions: NonNullable<PartitionsDiagramOptions["positions"]>,
): string[] {
  const shown = lane.records.slice(-MAX_BOXES);
  const hidden = lane.records.length - shown.length;
  const endOffset = lane.endOffset ?? (lane.records.at(-1)?.offset ?? -1n) + 1n;
  const leftOf = (place: number) => LEFT + place * (BOX + GAP);
  const placeOf = (offset: bigint) => {
    const place = shown.findIndex((record) => record.offset >= offset);
    return place < 0 ? shown.length : place;
  };
  const readers = Map.groupBy(
    Object.entries(positions).flatMap(([name, offsets]) => {
      const offset = offsets[lane.partition];
      return offset === undefined ? [] : [{ name, place: placeOf(offset) }];
    }),
    ({ place }) => place,
  );
  return [
    label(10, 21, `partition ${lane.partition}`, { "font-weight": "bold" }),
    ...(hidden === 0 ? [] : [label(10, 36, `… ${hidden} before`, { fill: "#777" })]),
    ...shown.flatMap((record, place) => boxParts(leftOf(place), record, colors)),
    element("rect", {
      ...boxAt(leftOf(shown.length)),
      fill: "none",
      stroke: "#999",
      "stroke-dasharray": "4 3",
    }),
    label(leftOf(shown.length) + BOX / 2, 47, String(endOffset), {
      "text-anchor": "middle",
      "font-size": 11,
      fill: "#999",
    }),
    ...[...readers].map(([place, here]) =>
      label(leftOf(place), 61, `▲ ${here.map(({ name }) => name).join(", ")}`, {
        fill: "#b3261e",
        "font-size": 11,
      })
    ),
  ];
}

function boxParts(
  x: number,
  { key, offset }: PartitionRecord,
  colors: ReadonlyMap<string, string>,
): string[] {
  return [
    element("rect", { ...boxAt(x), fill: colors.get(key ?? "") ?? "#ccc", "fill-opacity": 0.55 }),
    label(x + BOX / 2, 21, key === null ? "–" : shortened(key, 6), {
      "text-anchor": "middle",
      "font-size": 11,
    }),
    label(x + BOX / 2, 47, String(offset), {
      "text-anchor": "middle",
      "font-size": 11,
      fill: "#777",
    }),
  ];
}

function boxAt(x: number): Readonly<Record<string, number>> {
  return { x, y: 0, width: BOX, height: BOX_HEIGHT, rx: 4 };
}
