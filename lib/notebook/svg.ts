import { Display } from "./display.ts";

/** Colours that differ for colour-blind readers too, in the order of their use: Observable's ten. */
export const PALETTE: readonly string[] = [
  "#4269d0",
  "#efb118",
  "#ff725c",
  "#6cc5b0",
  "#3ca951",
  "#ff8ab7",
  "#a463f2",
  "#97bbf5",
  "#9c6b4e",
  "#9498a0",
];

/** Attributes by name. */
export type Attributes = Readonly<Record<string, string | number>>;

/** What a drawing is, besides its parts. */
export interface DrawingOptions {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** What it shows, in words. */
  readonly title: string;
}

/** An element; `children` are elements already. */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  return `<${name}${pairs.join("")}>${children.join("")}</${name}>`;
}

/** A line of text, its baseline at `y`. */
export function label(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return element("text", { x, y, ...attributes }, escapeXml(text));
}

/**
 * A picture made of elements. Its ground is white, so that it can be read on a dark page, too.
 */
export function drawing(options: DrawingOptions, ...children: string[]): Display {
  const { width, height, title } = options;
  const svg = element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "font-family": "system-ui, sans-serif",
      "font-size": 12,
      fill: "#222",
    },
    element("title", {}, escapeXml(title)),
    element("rect", { width, height, fill: "white" }),
    ...children,
  );
  return new Display({ "image/svg+xml": svg, "text/plain": title });
}

/** Text as it must stand in XML and in HTML. */
export function escapeXml(text: string | number): string {
  return String(text).replace(
    /[&<>"]/g,
    (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[char] ?? "&quot;",
  );
}

/** Colours by name, each name its own while the palette lasts, in the order of their first use. */
export function colorsOf(names: Iterable<string>): ReadonlyMap<string, string> {
  const colors = new Map<string, string>();
  for (const name of names) {
    if (!colors.has(name)) colors.set(name, PALETTE[colors.size % PALETTE.length] ?? "#222");
  }
  return colors;
}

/** Text of at most `length` characters, cut with an ellipsis. */
export function shortened(text: string, length: number): string {
  const chars = [...text];
  return chars.length <= length ? text : `${chars.slice(0, length - 1).join("")}…`;
}
