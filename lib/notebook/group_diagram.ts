import { refuseUnknownOptions } from "../core/mod.ts";
import type { Display } from "./display.ts";
import { colorsOf, drawing, element, label } from "./svg.ts";

const ROW = 40;
const BOX_HEIGHT = 28;
const TOP = 44;
const WIDTH = 520;
const PARTITION = { x: 20, width: 110 } as const;
const MEMBER = { x: 330, width: 170 } as const;

/** Who reads what in a consumer group. */
export interface GroupDiagramOptions {
  /** The group's name. */
  readonly group: string;
  /** How many partitions the topic has. */
  readonly partitions: number;
  /** The group's members by name, each with its partitions; none: it waits. */
  readonly assignments: Readonly<Record<string, readonly number[]>>;
}

/**
 * Draws a consumer group: partitions to the left, members to the right, lines from one to the other.
 * A partition that nobody reads and a member that has none are grey.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { groupDiagram } from "./group_diagram.ts";
 *
 * const shown = groupDiagram({ group: "bills", partitions: 3, assignments: { a: [0, 1], b: [2] } });
 * equal(shown.mime["text/plain"], "group bills: a reads 0, 1; b reads 2");
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`.
 */
export function groupDiagram(options: GroupDiagramOptions): Display {
  refuseUnknownOptions("draw a consumer group", options, ["group", "partitions", "assignments"]);
  const { group, partitions, assignments } = options;
  const members = Object.entries(assignments).map(([name, assigned]) => ({ name, assigned }));
  const colors = colorsOf(
    members.filter(({ assigned }) => assigned.length > 0)
      .map(({ name }) => name),
  );
  const rows = Math.max(partitions, members.length);
  const yOf = (index: number, count: number) => TOP + (index + (rows - count) / 2) * ROW;
  const partitionY = (partition: number) => yOf(partition, partitions);
  const ownerOf = (partition: number) =>
    members.find(({ assigned }) => assigned.includes(partition))?.name ?? "";
  return drawing(
    {
      width: WIDTH,
      height: TOP + rows * ROW,
      title: `group ${group}: ${
        members.map(({ name, assigned }) =>
          assigned.length === 0 ? `${name} waits` : `${name} reads ${assigned.join(", ")}`
        ).join("; ")
      }`,
    },
    label(PARTITION.x, 24, "partitions", { "font-weight": "bold" }),
    label(MEMBER.x, 24, `group ${group}`, { "font-weight": "bold" }),
    ...members.flatMap(({ name, assigned }, index) =>
      assigned.map((partition) =>
        element("line", {
          x1: PARTITION.x + PARTITION.width,
          y1: partitionY(partition) + BOX_HEIGHT / 2,
          x2: MEMBER.x,
          y2: yOf(index, members.length) + BOX_HEIGHT / 2,
          stroke: colors.get(name) ?? "#999",
          "stroke-width": 2,
        })
      )
    ),
    ...Array.from({ length: partitions }, (_, partition) =>
      box(
        PARTITION,
        partitionY(partition),
        `partition ${partition}`,
        colors.get(ownerOf(partition)),
      )),
    ...members.map(({ name, assigned }, index) =>
      box(
        MEMBER,
        yOf(index, members.length),
        assigned.length === 0 ? `${name} (waits)` : name,
        colors.get(name),
      )
    ),
  );
}

function box(
  { x, width }: { readonly x: number; readonly width: number },
  y: number,
  text: string,
  color = "#ccc",
): string {
  return element(
    "g",
    {},
    element("rect", { x, y, width, height: BOX_HEIGHT, rx: 5, fill: "white" }),
    element("rect", {
      x,
      y,
      width,
      height: BOX_HEIGHT,
      rx: 5,
      fill: color,
      "fill-opacity": 0.45,
      stroke: color,
    }),
    label(x + width / 2, y + 18, text, { "text-anchor": "middle" }),
  );
}
