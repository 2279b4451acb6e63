import { badOption, refuseUnknownOptions } from "../core/mod.ts";
import type { Display } from "./display.ts";
import { drawing, element, label, PALETTE, shortened } from "./svg.ts";

const WIDTH = 720;
const LEFT = 36;
const RIGHT = 36;
const TOP = 22;
const LANE = 30;
const EVENTS_HEIGHT = 46;
const AXIS_HEIGHT = 30;
/** Marks below the axis, about one for each 100 pixels. */
const MARKS = 6;

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

/** Events, windows over them and how far event time has come. */
export interface WindowsDiagramOptions {
  /** What happened. */
  readonly events: readonly DiagramEvent[];
  /** The windows; those that overlap are drawn in lanes of their own. */
  readonly windows: readonly DiagramWindow[];
  /** The watermark of event time, in milliseconds since 1970; default: none. */
  readonly watermarkMs?: number;
}

/**
 * Draws windows over event time: events as dots on the axis, below them the windows that hold them,
 * and the watermark of event time as a line that all before it is closed. Times are UTC.
 *
 * @example
 * ```ts
 * import { ok } from "assert";
 * import { windowsDiagram } from "./windows_diagram.ts";
 *
 * const shown = windowsDiagram({
 *   events: [{ timeMs: 1_000 }, { timeMs: 4_000, late: true }],
 *   windows: [{ startMs: 0, endMs: 5_000, label: "1" }, { startMs: 5_000, endMs: 10_000 }],
 *   watermarkMs: 5_000,
 * });
 * ok(shown.mime["image/svg+xml"]?.includes("watermark"));
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, or `BAD_OPTION` if there is nothing to draw.
 */
export function windowsDiagram(options: WindowsDiagramOptions): Display {
  refuseUnknownOptions("draw windows", options, ["events", "windows", "watermarkMs"]);
  const { events, windows, watermarkMs } = options;
  const times = [
    ...events.map(({ timeMs }) => timeMs),
    ...windows.flatMap(({ startMs, endMs }) => [startMs, endMs]),
    ...(watermarkMs === undefined ? [] : [watermarkMs]),
  ];
  const firstMs = Math.min(...times);
  const lastMs = Math.max(...times);
  if (!(firstMs < lastMs)) {
    throw badOption("draw windows", "windows", "no span of time", "a window or two events");
  }
  const xOf = (timeMs: number) =>
    LEFT + (timeMs - firstMs) / (lastMs - firstMs) * (WIDTH - LEFT - RIGHT);
  const lanes = lanesOf(windows);
  const axisY = TOP + EVENTS_HEIGHT;
  const height = axisY + AXIS_HEIGHT + lanes.length * LANE + 8;
  return drawing(
    {
      width: WIDTH,
      height,
      title: `${events.length} events over ${windows.length} windows of event time`,
    },
    element("line", { x1: LEFT, y1: axisY, x2: WIDTH - RIGHT, y2: axisY, stroke: "#222" }),
    ...timeMarks(firstMs, lastMs).flatMap((timeMs) => [
      element("line", {
        x1: xOf(timeMs),
        y1: axisY,
        x2: xOf(timeMs),
        y2: axisY + 5,
        stroke: "#222",
      }),
      label(xOf(timeMs), axisY + 18, clockText(timeMs, lastMs - firstMs), {
        "text-anchor": "middle",
        "font-size": 11,
        fill: "#777",
      }),
    ]),
    ...events.flatMap((event) => eventParts(event, xOf(event.timeMs), axisY - 12)),
    ...lanes.flatMap((lane, index) =>
      lane.flatMap((window) =>
        windowParts(
          window,
          xOf(window.startMs),
          xOf(window.endMs),
          axisY + AXIS_HEIGHT + index * LANE,
        )
      )
    ),
    ...(watermarkMs === undefined ? [] : watermarkParts(xOf(watermarkMs), height)),
  );
}

/** Puts windows into as few lanes as it takes for none to overlap another. */
function lanesOf(windows: readonly DiagramWindow[]): DiagramWindow[][] {
  const lanes: DiagramWindow[][] = [];
  for (const window of [...windows].sort((a, b) => a.startMs - b.startMs)) {
    const free = lanes.find((lane) => lane.every(({ endMs }) => endMs <= window.startMs));
    if (free === undefined) lanes.push([window]);
    else free.push(window);
  }
  return lanes;
}

function eventParts({ label: text, late = false }: DiagramEvent, x: number, y: number): string[] {
  const mark = late
    ? element("path", {
      d: `M${x - 5},${y - 5}l10,10m0,-10l-10,10`,
      stroke: "#b3261e",
      "stroke-width": 2,
      fill: "none",
    })
    : element("circle", { cx: x, cy: y, r: 5, fill: PALETTE[0] ?? "#222" });
  if (text === undefined) return [mark];
  return [mark, label(x, y - 12, shortened(text, 8), { "text-anchor": "middle", "font-size": 11 })];
}

function windowParts(window: DiagramWindow, x1: number, x2: number, y: number): string[] {
  const { label: text } = window;
  return [
    element("rect", {
      x: x1 + 1,
      y,
      width: Math.max(1, x2 - x1 - 2),
      height: LANE - 8,
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

function watermarkParts(x: number, height: number): string[] {
  const atRight = x > WIDTH / 2;
  return [
    element("line", {
      x1: x,
      y1: 4,
      x2: x,
      y2: height - 4,
      stroke: "#b3261e",
      "stroke-width": 2,
      "stroke-dasharray": "5 3",
    }),
    label(atRight ? x - 6 : x + 6, 14, "watermark", {
      "text-anchor": atRight ? "end" : "start",
      "font-size": 11,
      fill: "#b3261e",
    }),
  ];
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
