import { deepEqual, equal, match, throws } from "assert";
import { schema as s } from "../../lib/core/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import { prometheus, type PrometheusServer } from "../../lib/observe/mod.ts";
import { pipeline } from "../../lib/streaming/mod.ts";
import { MemorySink } from "../support/memory_sink.ts";
import { MemorySource } from "../support/memory_source.ts";
import { checkout } from "../support/paths.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { readForeign } from "./foreign_parser.ts";
import { progressOf } from "./progress_of.ts";

const QUERY = { id: "query-1", runId: "run-1", name: 'trades "live"', timestamp: "" };
const OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";

/** All samples that a server has, as the client of the Prometheus project reads them: `name{labels} value`. */
async function samplesOf(server: PrometheusServer, accept?: string): Promise<string[]> {
  const response = await fetch(server.url, accept === undefined ? {} : { headers: { accept } });
  const type = response.headers.get("content-type")!;
  equal(
    type,
    accept === undefined
      ? "text/plain; version=0.0.4; charset=utf-8"
      : "application/openmetrics-text; version=1.0.0; charset=utf-8",
  );
  const format = accept === undefined ? "text" : "openMetrics";
  const families = await readForeign(await response.text(), format);
  return families.flatMap(({ samples }) =>
    samples.map(({ name, labels, value }) => {
      const { query: _query, id: _id, ...others } = labels;
      return `${name} ${JSON.stringify(others)} ${Number(value)}`;
    })
  );
}

Deno.test("everything that progress tells is there, in both formats", async () => {
  await using server = prometheus({ port: 0 });
  server.onStarted(QUERY);
  server.onProgress(progressOf());
  server.onProgress(progressOf({ batchId: 8, timestamp: "2026-01-01T00:00:02.000Z" }));
  server.onNotice("a service is away", QUERY);
  const source = 'KafkaV2[Subscribe["a\\b"]]';
  for (const accept of [undefined, OPEN_METRICS]) {
    const samples = await samplesOf(server, accept);
    const isOfDuration = (sample: string) => sample.startsWith("sluice_batch_duration_seconds");
    deepEqual(samples.filter((sample) => !isOfDuration(sample)), [
      "sluice_query_up {} 1",
      "sluice_query_failures_total {} 0",
      "sluice_notices_total {} 1",
      "sluice_batches_total {} 2",
      "sluice_last_batch_id {} 8",
      "sluice_last_batch_timestamp_seconds {} 1767225602",
      `sluice_input_rows_total ${JSON.stringify({ source })} 60`,
      `sluice_input_rows_total ${JSON.stringify({ source: `${source} 2` })} 0`,
      `sluice_input_rows_per_second ${JSON.stringify({ source })} 15.5`,
      `sluice_input_rows_per_second ${JSON.stringify({ source: `${source} 2` })} 15.5`,
      `sluice_processed_rows_per_second ${JSON.stringify({ source })} 60`,
      `sluice_processed_rows_per_second ${JSON.stringify({ source: `${source} 2` })} 60`,
      ...[0, 7, 0, 0].map((behind, i) => {
        const labels = {
          source: i < 2 ? source : `${source} 2`,
          topic: "trades",
          partition: String(i % 2),
        };
        return `sluice_offsets_behind_latest ${JSON.stringify(labels)} ${behind}`;
      }),
      'sluice_output_rows_total {"sink":"postgres(trades)"} 56',
      'sluice_output_rows_total {"sink":"delta(lake)"} 56',
      'sluice_table_version {"sink":"delta(lake)"} 41',
      "sluice_dead_letters_total {} 4",
      'sluice_late_rows_total {"operator":"stateStoreSave"} 8',
      'sluice_late_rows_total {"operator":"stateStoreSave 2"} 0',
      "sluice_watermark_timestamp_seconds {} 1767225600.25",
      'sluice_state_rows {"operator":"stateStoreSave"} 1000',
      'sluice_state_rows {"operator":"stateStoreSave 2"} 5',
      "sluice_state_bytes {} 65536",
    ]);
    deepEqual(
      samples.filter((sample) => sample.includes('"step":"getBatch"')),
      [
        ...[0.005, 0.025].map((le) => [le, 0] as const),
        ...[0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300].map((le) => [le, 2] as const),
      ].map(([le, count]) => {
        const bound = Number.isInteger(le) ? `${le}.0` : String(le);
        return `sluice_batch_duration_seconds_bucket {"step":"getBatch","le":"${bound}"} ${count}`;
      }).concat([
        'sluice_batch_duration_seconds_bucket {"step":"getBatch","le":"+Inf"} 2',
        'sluice_batch_duration_seconds_sum {"step":"getBatch"} 0.08',
        'sluice_batch_duration_seconds_count {"step":"getBatch"} 2',
      ]),
    );
  }
});

Deno.test("several queries share a server; one that ended is down, and told apart by how", async () => {
  await using folder = await tempFolder();
  await using server = prometheus({ port: 0 });
  const healthUrl = server.url.replace("/metrics", "/healthz");
  for (const name of ["good", "bad"]) {
    const source = new MemorySource(2);
    for (let id = 0; id < 100; id++) {
      source.partitions[id % 2]!.push(id % 10 === 0 ? "no json" : `{"id":${id}}`);
    }
    // Dead letters that nobody keeps end a query.
    const query = await pipeline(name).from(source).decode(json(s.struct({ id: s.long() })))
      .to(new MemorySink("a", name === "good"))
      .start({
        checkpointLocation: `${folder.path}/${name}`,
        trigger: { availableNow: true },
        listener: server,
      });
    equal(await (await fetch(healthUrl)).text(), "ok\n");
    await query.awaitTermination().catch(() => {});
  }
  const text = await (await fetch(server.url)).text();
  const valuesOf = (metric: string) =>
    [...text.matchAll(new RegExp(`^${metric}{query="(\\w+)".*} (.*)$`, "gm"))]
      .map(([, query, value]) => `${query} ${value}`);
  deepEqual(valuesOf("sluice_query_up"), ["good 0", "bad 0"]);
  deepEqual(valuesOf("sluice_query_failures_total"), ["good 0", "bad 1"]);
  deepEqual(valuesOf("sluice_input_rows_total"), ["good 100"]);
  deepEqual(valuesOf("sluice_output_rows_total"), ["good 90"]);
  deepEqual(valuesOf("sluice_dead_letters_total"), ["good 10", "bad 0"]);

  const health = await fetch(healthUrl);
  deepEqual([health.status, await health.text()], [503, "ended with an error: bad\n"]);
  const other = await fetch(server.url.replace("/metrics", "/"));
  deepEqual([other.status, await other.text()], [404, "see /metrics\n"]);
  const posted = await fetch(server.url, { method: "POST" });
  deepEqual([posted.status, await posted.text()], [405, "only GET and HEAD\n"]);
});

Deno.test("a port that is taken is refused with its number; an option that there is not, too", async () => {
  await using server = prometheus({ port: 0 });
  const port = Number(new URL(server.url).port);
  throws(
    () => prometheus({ port }),
    (error) =>
      (error as { code: string }).code === "CANNOT_LISTEN" && String(error).includes(`:${port}`),
  );
  throws(() => prometheus({ port, host: "0.0.0.0" } as never), { code: "UNKNOWN_OPTION" });
});

Deno.test("a server that nobody closes does not keep its process alive", async () => {
  const script = `
    import { prometheus } from "./lib/observe/mod.ts";
    const { url } = prometheus({ port: 0 });
    console.log((await fetch(url)).status);
  `;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", script],
    cwd: checkout,
    signal: AbortSignal.timeout(30_000),
  }).output();
  equal(success, true, new TextDecoder().decode(stderr));
  match(new TextDecoder().decode(stdout), /^200/);
});
