import { element, label, PALETTE, shortened } from "./svg.ts";

/** Marks on an axis, about one for each 100 pixels. */
const MARKS = 6;
/** The colour of the watermark, and of what came behind it. */
export const WATERMARK_COLOR = "#b3261e";
/** How high a window is drawn, in pixels. */
export const WINDOW_HEIGHT = 22;

/** A span of event time, and what is known of it. */
export interface DiagramWindow {
  /** Its start, in milliseconds since 1970. */
  readonly startMs: number;
  /** Its end (exclusive). */
  readonly endMs: number;
  /** What stands in it: a count, a sum. */
  readonly label?: string;
}

/** Something that happened. */
export interface DiagramEvent {
  /** When, in milliseconds since 1970. */
  readonly timeMs: number;
  /** What stands above it. */
  readonly label?: string;
  /** True: it came too late to count, and is drawn as a cross. */
  readonly late?: boolean;
}

/** Event time across a drawing: where its ends are, and what lies between them. */
export interface TimeScale {
  readonly firstMs: number;
  readonly lastMs: number;
  /** The place of a time, in pixels. */
  xOf(timeMs: number): number;
}

/** From the first to the last of these times, between two places; `undefined` if they span no time. */
export function timeScale(
  timesMs: readonly number[],
  left: number,
  right: number,
): TimeScale | undefined {
  const firstMs = Math.min(...timesMs);
  const lastMs = Math.max(...timesMs);
  if (!(firstMs < lastMs)) return undefined;
  return {
    firstMs,
    lastMs,
    xOf: (timeMs) => left + (timeMs - firstMs) / (lastMs - firstMs) * (right - left),
  };
}

/** An axis with round times, its line at `y` and the times below it. */
export function timeAxis({ firstMs, lastMs, xOf }: TimeScale, y: number): string[] {
  return [
    element("line", { x1: xOf(firstMs), y1: y, x2: xOf(lastMs), y2: y, stroke: "#222" }),
    ...timeMarks(firstMs, lastMs).flatMap((timeMs) => [
      element("line", { x1: xOf(timeMs), y1: y, x2: xOf(timeMs), y2: y + 5, stroke: "#222" }),
      label(xOf(timeMs), y + 18, clockText(timeMs, lastMs - firstMs), {
        "text-anchor": "middle",
        "font-size": 11,
        fill: "#777",
      }),
    ]),
  ];
}

/** An event: a dot, or a cross, and its label above. */
export function eventParts(
  { label: text, late = false }: DiagramEvent,
  x: number,
  y: number,
): string[] {
  const mark = late
    ? element("path", {
      d: `M${x - 5},${y - 5}l10,10m0,-10l-10,10`,
      stroke: WATERMARK_COLOR,
      "stroke-width": 2,
      fill: "none",
    })
    : element("circle", { cx: x, cy: y, r: 5, fill: PALETTE[0] ?? "#222" });
  if (text === undefined) return [mark];
  return [mark, label(x, y - 12, shortened(text, 8), { "text-anchor": "middle", "font-size": 11 })];
}

/** A window: a box with what is known of it. */
export function windowParts(
  { startMs, endMs, label: text }: DiagramWindow,
  { xOf }: TimeScale,
  y: number,
): string[] {
  const x1 = xOf(startMs);
  const x2 = xOf(endMs);
  return [
    element("rect", {
      x: x1 + 1,
      y,
      width: Math.max(1, x2 - x1 - 2),
      height: WINDOW_HEIGHT,
      rx: 4,
      fill: "#97bbf5",
      "fill-opacity": 0.5,
      stroke: "#4269d0",
    }),
    ...(text === undefined
      ? []
      : [label((x1 + x2) / 2, y + 15, text, { "text-anchor": "middle", "font-size": 11 })]),
  ];
}

/** Puts windows into as few lanes as it takes for none to overlap another. */
export function lanesOf(windows: readonly DiagramWindow[]): DiagramWindow[][] {
  const lanes: DiagramWindow[][] = [];
  for (const window of [...windows].sort((a, b) => a.startMs - b.startMs)) {
    const free = lanes.find((lane) => lane.every(({ endMs }) => endMs <= window.startMs));
    if (free === undefined) lanes.push([window]);
    else free.push(window);
  }
  return lanes;
}

/** Round times in a span. */
function timeMarks(firstMs: number, lastMs: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400];
  const wanted = (lastMs - firstMs) / MARKS / 1_000;
  const stepMs = (steps.find((seconds) => seconds >= wanted) ?? 86_400) * 1_000;
  const marks: number[] = [];
  for (let timeMs = Math.ceil(firstMs / stepMs) * stepMs; timeMs <= lastMs; timeMs += stepMs) {
    marks.push(timeMs);
  }
  return marks;
}

/** `12:00:05` for a short span, `12:00` for a long one. */
function clockText(timeMs: number, spanMs: number): string {
  return new Date(timeMs).toISOString().slice(11, spanMs < 600_000 ? 19 : 16);
}
