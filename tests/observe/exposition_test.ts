import { deepEqual, equal, rejects } from "assert";
import { formatMetrics, type MetricFamily } from "../../lib/observe/exposition.ts";
import { readForeign } from "./foreign_parser.ts";

const HOSTILE = 'a\\n"b"\n\\"{},= é';
const FAMILIES: readonly MetricFamily[] = [
  {
    name: "sluice_rows",
    help: 'Rows.\nOf "all" \\ kinds.',
    type: "counter",
    samples: [
      { labels: { query: HOSTILE, id: "1" }, value: 9007199254740993n },
      { labels: { query: "", id: "2" }, value: 0 },
    ],
  },
  {
    name: "sluice_odd",
    help: "Odd values.",
    type: "gauge",
    samples: [Infinity, -Infinity, NaN, -0.5, 1e300, 1e-7].map((value, i) => ({
      labels: { i: String(i) },
      value,
    })),
  },
  {
    name: "sluice_alone",
    help: "Without labels.",
    type: "gauge",
    samples: [{ labels: {}, value: 7 }],
  },
  { name: "sluice_nothing", help: "Without samples.", type: "gauge", samples: [] },
  {
    name: "sluice_wait_seconds",
    help: "Waits.",
    type: "histogram",
    samples: [
      { labels: { step: "x" }, bounds: [0.005, 1, 2.5], counts: [1, 0, 2, 3], sum: 31.25 },
    ],
  },
];

for (const format of ["text", "openMetrics"] as const) {
  Deno.test(`the client of the Prometheus project reads every value and label back: ${format}`, async () => {
    const [rows, odd, alone, wait, ...others] = await readForeign(
      formatMetrics(FAMILIES, format),
      format,
    );
    deepEqual(others, []);
    // The client parses both names of a counter to the one without its suffix.
    deepEqual([rows!.name, rows!.type], ["sluice_rows", "counter"]);
    equal(rows!.help, FAMILIES[0]!.help);
    deepEqual(rows!.samples, [
      {
        name: "sluice_rows_total",
        labels: { query: HOSTILE, id: "1" },
        value: "9007199254740993",
      },
      { name: "sluice_rows_total", labels: { query: "", id: "2" }, value: "0" },
    ]);
    deepEqual(odd!.samples.map(({ value }) => value), [
      "inf",
      "-inf",
      "nan",
      "-0.5",
      "1e+300",
      "1e-07",
    ]);
    deepEqual(alone!.samples, [{ name: "sluice_alone", labels: {}, value: "7" }]);
    deepEqual(
      wait!.samples.map(({ name, labels, value }) => [name, labels.le, Number(value)]),
      [
        ["sluice_wait_seconds_bucket", "0.005", 1],
        ["sluice_wait_seconds_bucket", "1.0", 1],
        ["sluice_wait_seconds_bucket", "2.5", 3],
        ["sluice_wait_seconds_bucket", "+Inf", 6],
        ["sluice_wait_seconds_sum", undefined, 31.25],
        ["sluice_wait_seconds_count", undefined, 6],
      ],
    );
  });
}

Deno.test("the parser of OpenMetrics refuses what is not finished: it is a strict one", async () => {
  const text = formatMetrics(FAMILIES, "openMetrics");
  await rejects(readForeign(text.replace("# EOF\n", ""), "openMetrics"), /EOF/);
});
