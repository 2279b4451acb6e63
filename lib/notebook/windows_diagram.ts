import { badOption, refuseUnknownOptions } from "../core/mod.ts";
import type { Display } from "./display.ts";
import {
  type DiagramEvent,
  type DiagramWindow,
  eventParts,
  lanesOf,
  timeAxis,
  timeScale,
  WATERMARK_COLOR,
  windowParts,
} from "./event_time_parts.ts";
import { drawing, element, label } from "./svg.ts";

const WIDTH = 720;
const LEFT = 36;
const RIGHT = 36;
const TOP = 22;
const LANE = 30;
const EVENTS_HEIGHT = 46;
const AXIS_HEIGHT = 30;

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
  const scale = timeScale(times, LEFT, WIDTH - RIGHT);
  if (scale === undefined) {
    throw badOption("draw windows", "windows", "no span of time", "a window or two events");
  }
  const lanes = lanesOf(windows);
  const axisY = TOP + EVENTS_HEIGHT;
  const height = axisY + AXIS_HEIGHT + lanes.length * LANE + 8;
  return drawing(
    {
      width: WIDTH,
      height,
      title: `${events.length} events over ${windows.length} windows of event time`,
    },
    ...timeAxis(scale, axisY),
    ...events.flatMap((event) => eventParts(event, scale.xOf(event.timeMs), axisY - 12)),
    ...lanes.flatMap((lane, index) =>
      lane.flatMap((window) => windowParts(window, scale, axisY + AXIS_HEIGHT + index * LANE))
    ),
    ...(watermarkMs === undefined ? [] : watermarkParts(scale.xOf(watermarkMs), height)),
  );
}

function watermarkParts(x: number, height: number): string[] {
  const atRight = x > WIDTH / 2;
  return [
    element("line", {
      x1: x,
      y1: 4,
      x2: x,
      y2: height - 4,
      stroke: WATERMARK_COLOR,
      "stroke-width": 2,
      "stroke-dasharray": "5 3",
    }),
    label(atRight ? x - 6 : x + 6, 14, "watermark", {
      "text-anchor": atRight ? "end" : "start",
      "font-size": 11,
      fill: WATERMARK_COLOR,
    }),
  ];
}
