import { badOption, refuseUnknownOptions } from "../core/mod.ts";
import type { Display } from "./display.ts";
import {
  type DiagramEvent,
  type DiagramWindow,
  eventParts,
  lanesOf,
  timeAxis,
  type TimeScale,
  timeScale,
  WATERMARK_COLOR,
  WINDOW_HEIGHT,
  windowParts,
} from "./event_time_parts.ts";
import { drawing, element, label } from "./svg.ts";

const WIDTH = 720;
const LEFT = 76;
const RIGHT = 28;
const TOP = 30;
const EVENTS_HEIGHT = 44;
const LANE_END = 6;
const AXIS_HEIGHT = 30;

/** A batch of a query with a watermark. */
export interface DiagramBatch {
  /** What came with it. */
  readonly events: readonly DiagramEvent[];
  /** The watermark that it was run with, in milliseconds since 1970; 0 or absent: none yet. */
  readonly watermarkMs?: number;
  /** The windows that came out at its end. */
  readonly windows?: readonly DiagramWindow[];
}

/** What is drawn of a query, batch by batch. */
export interface WatermarkDiagramOptions {
  /** The batches, in their order. */
  readonly batches: readonly DiagramBatch[];
}

/** A batch, and where it is drawn. */
interface Lane {
  readonly batch: DiagramBatch;
  readonly rows: readonly (readonly DiagramWindow[])[];
  readonly y: number;
  readonly height: number;
}

/**
 * Draws how the watermark moves: event time across, a lane for each batch from top to bottom. Dots
 * are the events that came with the batch, crosses those that came too late; boxes are the windows
 * that came out. What is left of the red line had been passed when the batch was run. Times are UTC.
 *
 * @example
 * ```ts
 * import { ok } from "assert";
 * import { watermarkDiagram } from "./watermark_diagram.ts";
 *
 * const shown = watermarkDiagram({
 *   batches: [
 *     { events: [{ timeMs: 1_000, label: "a" }, { timeMs: 7_000, label: "b" }] },
 *     { events: [], watermarkMs: 5_000, windows: [{ startMs: 0, endMs: 5_000, label: "1" }] },
 *     { events: [{ timeMs: 2_000, label: "c", late: true }], watermarkMs: 5_000 },
 *   ],
 * });
 * ok(shown.mime["image/svg+xml"]?.includes("batch 2"));
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, or `BAD_OPTION` if there is nothing to draw.
 */
export function watermarkDiagram(options: WatermarkDiagramOptions): Display {
  refuseUnknownOptions("draw a watermark", options, ["batches"]);
  const { batches } = options;
  const times = batches.flatMap(({ events, windows = [], watermarkMs = 0 }) => [
    ...events.map(({ timeMs }) => timeMs),
    ...windows.flatMap(({ startMs, endMs }) => [startMs, endMs]),
    ...(watermarkMs > 0 ? [watermarkMs] : []),
  ]);
  const scale = timeScale(times, LEFT, WIDTH - RIGHT);
  if (scale === undefined) {
    throw badOption("draw a watermark", "batches", "no span of time", "batches with events");
  }
  const lanes = lanesFrom(TOP, batches);
  const bottom = lanes.reduce((_, { y, height }) => y + height, TOP);
  return drawing(
    {
      width: WIDTH,
      height: bottom + AXIS_HEIGHT,
      title: `the watermark over ${batches.length} batches`,
    },
    ...lanes.flatMap((lane) => passedTime(lane, scale)),
    ...timeAxis(scale, bottom),
    ...watermarkLine(lanes, scale),
    ...lanes.flatMap((lane, index) => laneParts(lane, index, scale)),
  );
}

function lanesFrom(top: number, batches: readonly DiagramBatch[]): Lane[] {
  let y = top;
  return batches.map((batch) => {
    const rows = lanesOf(batch.windows ?? []);
    const height = EVENTS_HEIGHT + rows.length * (WINDOW_HEIGHT + 4) + LANE_END;
    const lane = { batch, rows, y, height };
    y += height;
    return lane;
  });
}

function laneParts({ batch, rows, y }: Lane, index: number, scale: TimeScale): string[] {
  return [
    element("line", { x1: 8, y1: y, x2: WIDTH - RIGHT, y2: y, stroke: "#ddd" }),
    label(8, y + 34, `batch ${index}`, { "font-size": 11, fill: "#777" }),
    ...rows.flatMap((row, i) =>
      row.flatMap((window) =>
        windowParts(window, scale, y + EVENTS_HEIGHT + i * (WINDOW_HEIGHT + 4))
      )
    ),
    ...batch.events.flatMap((event) => eventParts(event, scale.xOf(event.timeMs), y + 30)),
  ];
}

function passedTime({ batch: { watermarkMs = 0 }, y, height }: Lane, scale: TimeScale): string[] {
  if (watermarkMs <= 0) return [];
  const width = scale.xOf(watermarkMs) - LEFT;
  return [
    element("rect", { x: LEFT, y, width, height, fill: WATERMARK_COLOR, "fill-opacity": 0.07 }),
  ];
}

/** A line that goes down through a lane, and to the right between two. */
function watermarkLine(lanes: readonly Lane[], scale: TimeScale): string[] {
  const passed = lanes.filter(({ batch: { watermarkMs = 0 } }) => watermarkMs > 0);
  const [first] = passed;
  if (first === undefined) return [];
  const points = passed.flatMap(({ batch, y, height }) => {
    const x = scale.xOf(batch.watermarkMs!);
    return [`${x},${y}`, `${x},${y + height}`];
  });
  const x = scale.xOf(first.batch.watermarkMs!);
  const atRight = x > WIDTH / 2;
  return [
    element("polyline", {
      points: [`${LEFT},${first.y}`, ...points].join(" "),
      fill: "none",
      stroke: WATERMARK_COLOR,
      "stroke-width": 2,
      "stroke-dasharray": "5 3",
    }),
    label(atRight ? x - 6 : x + 6, first.y + 14, "watermark", {
      "text-anchor": atRight ? "end" : "start",
      "font-size": 11,
      fill: WATERMARK_COLOR,
    }),
  ];
}
