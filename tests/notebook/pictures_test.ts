import { barY, line } from "@observablehq/plot";
import { equal, match, ok, throws } from "assert";
import {
  type Display,
  groupDiagram,
  partitionsDiagram,
  plot,
  watermarkDiagram,
  windowsDiagram,
} from "../../lib/notebook/mod.ts";
import { drawPictures } from "../notebooks/picture.ts";

const sales = [
  { day: 1, amount: 3, shop: "north & <east>" },
  { day: 2, amount: 5, shop: "north & <east>" },
  { day: 1, amount: 4, shop: "south" },
];

function svgOf({ mime }: Display): string {
  return mime["image/svg+xml"] ?? "";
}

/** Texts of a picture in their order. */
function textsOf(display: Display): string[] {
  return [...svgOf(display).matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? "");
}

const records = [
  { partition: 0, offset: 4n, key: "ann" },
  { partition: 2, offset: 0n, key: null },
  { partition: 0, offset: 5n, key: "a long key" },
];
const second = 1_000;
const noon = Date.UTC(2026, 0, 5, 12);

/** Every kind of picture, with what could go wrong in it. */
const pictures: Readonly<Record<string, () => Display>> = {
  "a plot with a legend": () =>
    plot({
      title: "Sales & more",
      color: { legend: true },
      marks: [line(sales, { x: "day", y: "amount", stroke: "shop" })],
    }),
  "partitions with readers": () =>
    partitionsDiagram(records, { partitions: 4, positions: { "<reader>": { 0: 5n, 3: 0n } } }),
  "a group": () => groupDiagram({ group: "g", partitions: 3, assignments: { a: [0, 2], b: [] } }),
  "windows that overlap": () =>
    windowsDiagram({
      events: [{ timeMs: noon, label: "a&b" }, { timeMs: noon + 7 * second, late: true }],
      windows: [
        { startMs: noon, endMs: noon + 10 * second, label: "1" },
        { startMs: noon + 5 * second, endMs: noon + 15 * second },
      ],
      watermarkMs: noon + 9 * second,
    }),
  "a watermark that moves": () =>
    watermarkDiagram({
      batches: [
        { events: [{ timeMs: noon, label: "a" }, { timeMs: noon + 12 * second }], watermarkMs: 0 },
        {
          events: [{ timeMs: noon + 1 * second, label: "<late>", late: true }],
          watermarkMs: noon + 10 * second,
          windows: [
            { startMs: noon, endMs: noon + 10 * second, label: "1 & only" },
            { startMs: noon - 5 * second, endMs: noon + 5 * second, label: "1" },
          ],
        },
        { events: [], watermarkMs: noon + 12 * second },
      ],
    }),
};

Deno.test("every kind of picture is drawn, in more than one colour", async () => {
  const drawn = await drawPictures(Object.values(pictures).map((make) => svgOf(make())));
  for (const [index, name] of Object.keys(pictures).entries()) {
    const { inked = 0, colors = 0 } = drawn[index] ?? {};
    ok(inked > 0.01 && colors >= 3, `${name}: ${inked} inked, ${colors} colours`);
  }
});

Deno.test("the same picture is drawn with the same bytes", () => {
  for (const make of Object.values(pictures)) equal(svgOf(make()), svgOf(make()));
});

Deno.test("plot() escapes what it writes, and names the colours in its legend", () => {
  const texts = textsOf(pictures["a plot with a legend"]?.() ?? plot({ title: "", marks: [] }));
  equal(texts[0], "Sales &amp; more");
  equal(texts[1], "north &amp; &lt;east&gt;");
  equal(texts[2], "south");
});

Deno.test("plot() refuses a legend without names, and options it does not know", () => {
  const marks = [barY(sales, { x: "day", y: "amount", fill: "amount" })];
  throws(() => plot({ title: "t", color: { legend: true }, marks }), /a linear colour scale/);
  throws(() => plot({ title: "t", marks, grid: true } as never), /option "grid"/);
});

Deno.test("partitionsDiagram() shows offsets, the next one and where readers are", () => {
  const texts = textsOf(partitionsDiagram(records, { positions: { bill: { 0: 5n } } }));
  equal(
    texts.join(" | "),
    "partition 0 | ann | 4 | a lon… | 5 | 6 | ▲ bill | partition 1 | 0 | partition 2 | – | 0 | 1",
  );
});

Deno.test("partitionsDiagram() shows the end of a partition that was emptied", () => {
  const texts = textsOf(partitionsDiagram([], { partitions: 1, endOffsets: { 0: 42n } }));
  equal(texts.join(" | "), "partition 0 | 42");
});

Deno.test("partitionsDiagram() shows the last records of a long partition", () => {
  const many = Array.from(
    { length: 40 },
    (_, i) => ({ partition: 0, offset: BigInt(i), key: "k" }),
  );
  const texts = textsOf(partitionsDiagram(many));
  ok(texts.includes("… 28 before"), texts.join());
  ok(!texts.includes("27") && texts.includes("28"), texts.join());
});

Deno.test("groupDiagram() draws a line for each partition that is read", () => {
  const svg = svgOf(groupDiagram({ group: "g", partitions: 3, assignments: { a: [0, 2], b: [] } }));
  equal(svg.match(/<line /g)?.length, 2);
  match(svg, /b \(waits\)/);
});

Deno.test("windowsDiagram() puts windows that overlap into lanes of their own", () => {
  const window = (start: number, end: number) => ({
    startMs: noon + start * second,
    endMs: noon + end * second,
  });
  const heightOf = (windows: ReturnType<typeof window>[]) =>
    Number(/height="(\d+)"/.exec(svgOf(windowsDiagram({ events: [], windows })))?.[1]);
  const tumbling = heightOf([window(0, 10), window(10, 20), window(20, 30)]);
  const hopping = heightOf([window(0, 10), window(5, 15), window(10, 20)]);
  ok(hopping > tumbling);
});

Deno.test("windowsDiagram() refuses to draw no time at all", () => {
  throws(() => windowsDiagram({ events: [{ timeMs: 1 }], windows: [] }), /no span of time/);
});

Deno.test("watermarkDiagram() draws a lane for each batch, and the watermark from the first that has one", () => {
  const shown = watermarkDiagram({
    batches: [
      { events: [{ timeMs: noon, label: "a" }, { timeMs: noon + 20 * second, label: "b" }] },
      { events: [], watermarkMs: noon + 10 * second },
      { events: [{ timeMs: noon, label: "c", late: true }], watermarkMs: noon + 15 * second },
    ],
  });
  equal(
    textsOf(shown).filter((text) => !text.includes(":")).join(" | "),
    "watermark | batch 0 | a | b | batch 1 | batch 2 | c",
  );
  const svg = svgOf(shown);
  const points = /points="([^"]*)"/.exec(svg)?.[1]?.split(" ").map((point) =>
    point.split(",").map(Number)
  );
  // From the left edge: down through batch 1 at half of the span, then through batch 2 at three quarters.
  const [left = 0, half, alsoHalf, threeQuarters] = points?.map(([x = 0]) => x) ?? [];
  const [firstDot = 0, lastDot = 0] = [...svg.matchAll(/<circle cx="([\d.]+)"/g)].map((match) =>
    Number(match[1])
  );
  equal(points?.length, 5);
  equal(left, firstDot);
  equal(half, (firstDot + lastDot) / 2);
  equal(alsoHalf, half);
  equal(threeQuarters, firstDot + (lastDot - firstDot) * 3 / 4);
  equal(svg.match(/<path /g)?.length, 1);
});

Deno.test("watermarkDiagram() draws no watermark before there is one, and refuses to draw no time", () => {
  const events = [{ timeMs: noon }, { timeMs: noon + second }];
  const texts = textsOf(watermarkDiagram({ batches: [{ events, watermarkMs: 0 }] }));
  ok(!texts.includes("watermark"), texts.join());
  throws(() => watermarkDiagram({ batches: [] }), /no span of time/);
  throws(() => watermarkDiagram({ batches: [], windows: [] } as never), /option "windows"/);
});
