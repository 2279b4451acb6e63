import {
  type Markish,
  plot as observablePlot,
  type PlotOptions as ObservableOptions,
} from "@observablehq/plot";
import { DOMParser } from "linkedom";
import { badOption, refuseUnknownOptions } from "../core/mod.ts";
import type { Display } from "./display.ts";
import { drawing, element, label } from "./svg.ts";

const LEGEND_HEIGHT = 22;
const TITLE_HEIGHT = 24;
const SWATCH = 12;
/** About the width of a character of the font, which nobody can measure here. */
const CHAR_WIDTH = 6.5;

/** One direction of a plot, as in Observable Plot. */
export interface AxisOptions {
  /** What it measures; null: nothing is said. */
  readonly label?: string | null;
  /** How values become places; default: what suits the values. */
  readonly type?: "linear" | "log" | "sqrt" | "utc" | "band" | "point";
  /** The values from one end to the other, or all names in their order. */
  readonly domain?: readonly (number | string | Date)[];
  /** How its values are written, a format of d3: `"~s"`. */
  readonly tickFormat?: string;
  /** About how many values are written. */
  readonly ticks?: number;
  /** Whether lines go through the plot. */
  readonly grid?: boolean;
  /** Whether 0 is always in it. */
  readonly zero?: boolean;
}

/** The colours of a plot. */
export interface ColorOptions {
  /** Whether the names are told above the plot. */
  readonly legend?: boolean;
  /** The names, in the order of their colours. */
  readonly domain?: readonly string[];
  /** The colours; default: ten for names, a rainbow for numbers. */
  readonly range?: readonly string[];
}

/** What is plotted. The options are those of Observable Plot that lessons need. */
export interface PlotOptions {
  /** What one sees, in words: above the plot, and instead of it where there are no pictures. */
  readonly title: string;
  /** What is drawn, by the functions of `@observablehq/plot`: `barY(rows, { x: "s", y: "n" })`. */
  readonly marks: readonly object[];
  /** Across. */
  readonly x?: AxisOptions;
  /** Up. */
  readonly y?: AxisOptions;
  /** Plots beside each other, by the channel `fx`. */
  readonly fx?: AxisOptions;
  /** Plots below each other, by the channel `fy`. */
  readonly fy?: AxisOptions;
  /** Colours, by the channels `fill` and `stroke`. */
  readonly color?: ColorOptions;
  /** Pixels; default 640. */
  readonly width?: number;
  /** Pixels, title and legend not counted; default: what suits the marks. */
  readonly height?: number;
  /** Pixels left of the marks, for long names. */
  readonly marginLeft?: number;
  /** Pixels right of the marks, for the names of plots below each other. */
  readonly marginRight?: number;
}

const KNOWN_OPTIONS = [
  "title",
  "marks",
  "x",
  "y",
  "fx",
  "fy",
  "color",
  "width",
  "height",
  "marginLeft",
  "marginRight",
];

/**
 * Plots with Observable Plot, as one SVG picture that JupyterLab, VS Code and GitHub show alike.
 * `color: { legend: true }` draws the legend of named colours into it.
 *
 * @example
 * ```ts
 * import { barY } from "@observablehq/plot";
 * import { ok } from "assert";
 * import { plot } from "./plot.ts";
 *
 * const shown = plot({
 *   title: "Records by partition",
 *   marks: [barY([{ partition: 0, records: 4 }], { x: "partition", y: "records" })],
 * });
 * ok(shown.mime["image/svg+xml"]?.startsWith("<svg "));
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, or `BAD_OPTION` for a legend of colours that have no names.
 */
export function plot(options: PlotOptions): Display {
  refuseUnknownOptions("plot", options, KNOWN_OPTIONS);
  const { title, marks, color = {}, ...rest } = options;
  const { legend = false, ...colors } = color;
  const document = new DOMParser().parseFromString("<html></html>", "text/html");
  const svg = observablePlot({
    ...rest as ObservableOptions,
    marks: marks as Markish[],
    color: colors,
    document,
  });
  const names = legend ? namedColors(svg) : [];
  svg.querySelector("style")?.remove();
  const top = TITLE_HEIGHT + (legend ? LEGEND_HEIGHT : 0);
  return drawing(
    {
      width: Number(svg.getAttribute("width")),
      height: Number(svg.getAttribute("height")) + top,
      title,
    },
    label(10, 18, title, { "font-size": 14, "font-weight": "bold" }),
    ...legendParts(names),
    element(
      "g",
      {
        transform: `translate(0,${top})`,
        "text-anchor": "middle",
        "font-size": 11,
        color: "#222",
        fill: "currentColor",
      },
      // Only a page has the variable.
      svg.innerHTML.replaceAll("var(--plot-background)", "white"),
    ),
  );
}

interface NamedColor {
  readonly name: string;
  readonly color: string;
}

function namedColors(svg: ReturnType<typeof observablePlot>): NamedColor[] {
  const scale = svg.scale("color");
  if (scale?.type === "ordinal" || scale?.type === "categorical") {
    return [...scale.domain ?? []].map((name) => ({
      name: String(name),
      color: scale.apply(name),
    }));
  }
  throw badOption(
    "plot",
    "color.legend",
    `a ${scale?.type ?? "missing"} colour scale`,
    "a channel of names, such as stroke or fill",
  );
}

function legendParts(names: readonly NamedColor[]): string[] {
  let x = 10;
  return names.flatMap(({ name, color }) => {
    const swatch = element("rect", {
      x,
      y: TITLE_HEIGHT + 3,
      width: SWATCH,
      height: SWATCH,
      fill: color,
    });
    const text = label(x + SWATCH + 5, TITLE_HEIGHT + 13, name);
    x += SWATCH + 20 + name.length * CHAR_WIDTH;
    return [swatch, text];
  });
}
