import { errorText, refuseUnknownOptions, SluiceError } from "../core/mod.ts";
import type {
  QueryEvent,
  QueryListener,
  QueryTerminated,
  StreamingQueryProgress,
} from "../streaming/mod.ts";
import { CONTENT_TYPES, type ExpositionFormat, formatMetrics } from "./exposition.ts";
import { metricFamilies, QueryMetrics } from "./query_metrics.ts";

/** Where metrics are served. */
export interface PrometheusOptions {
  /** The port; 0 takes one that is free. */
  readonly port: number;
  /** The address to listen on; default `127.0.0.1`: this machine only. `0.0.0.0`: all. */
  readonly hostname?: string;
}

/** A listener that serves what it is told. */
export class PrometheusServer implements QueryListener, AsyncDisposable {
  /** Where the metrics are: `http://127.0.0.1:9464/metrics`. */
  readonly url: string;
  readonly #queries = new Map<string, QueryMetrics>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** Use `prometheus` instead. */
  constructor({ port, hostname = "127.0.0.1" }: PrometheusOptions) {
    try {
      const onListen = () => {};
      this.#server = Deno.serve({ port, hostname, onListen }, (request) => this.#answer(request));
    } catch (cause) {
      throw new SluiceError("CANNOT_LISTEN", {
        attempted: "serve metrics",
        where: `${hostname}:${port}`,
        found: errorText(cause),
        hint: "if the port is taken: one server can serve all queries of a process",
        cause,
      });
    }
    // The end of its queries is the end of a process: nobody should have to close the server first.
    this.#server.unref();
    this.url = `http://${hostname}:${this.#server.addr.port}/metrics`;
  }

  /** The query is up. */
  onStarted(event: QueryEvent): void {
    const query = this.#queryOf(event);
    query.isUp = true;
    query.hasFailed = false;
  }

  /** Counts what a batch did. */
  onProgress(progress: StreamingQueryProgress): void {
    this.#queryOf(progress).add(progress);
  }

  /** Counts a notice. */
  onNotice(_message: string, event: QueryEvent): void {
    this.#queryOf(event).notices++;
  }

  /** The query is up no more. */
  onTerminated(event: QueryTerminated): void {
    const query = this.#queryOf(event);
    query.isUp = false;
    query.hasFailed = event.error !== undefined;
    if (query.hasFailed) query.failures++;
  }

  /** Ends the server. */
  async close(): Promise<void> {
    await this.#server.shutdown();
  }

  /** As `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #queryOf({ id, name }: { readonly id: string; readonly name: string }): QueryMetrics {
    let query = this.#queries.get(id);
    if (query === undefined) this.#queries.set(id, query = new QueryMetrics(name, id));
    return query;
  }

  #answer(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("only GET and HEAD\n", { status: 405, headers: { allow: "GET, HEAD" } });
    }
    if (pathname === "/healthz") return this.#health();
    if (pathname !== "/metrics") return new Response("see /metrics\n", { status: 404 });
    const accepts = request.headers.get("accept") ?? "";
    const format = accepts.includes("application/openmetrics-text") ? "openMetrics" : "text";
    return new Response(this.#text(format), { headers: { "content-type": CONTENT_TYPES[format] } });
  }

  #health(): Response {
    const failed = [...this.#queries.values()].filter(({ hasFailed }) => hasFailed);
    if (failed.length === 0) return new Response("ok\n");
    const names = failed.map(({ labels }) => labels.query);
    return new Response(`ended with an error: ${names.join(", ")}\n`, { status: 503 });
  }

  #text(format: ExpositionFormat): string {
    return formatMetrics(metricFamilies([...this.#queries.values()]), format);
  }
}

/**
 * Serves the metrics of queries at `/metrics`, in the text format of Prometheus or, if asked for, in
 * that of OpenMetrics; hand it to as many queries as you like as their listener. `/healthz` answers
 * `ok`, or 503 and the names of queries that ended with an error. The server ends with the process, or
 * when it is closed. A query's metrics have the labels `query`, its name, and `id`:
 *
 *     sluice_query_up, sluice_query_failures_total, sluice_notices_total
 *     sluice_batches_total, sluice_last_batch_id, sluice_last_batch_timestamp_seconds
 *     sluice_batch_duration_seconds{step}              as a histogram, by the steps of Spark's durationMs
 *     sluice_input_rows_total{source}, sluice_input_rows_per_second{source},
 *     sluice_processed_rows_per_second{source}, sluice_offsets_behind_latest{source,topic,partition}
 *     sluice_output_rows_total{sink}, sluice_table_version{sink}
 *     sluice_dead_letters_total, sluice_late_rows_total{operator}
 *     sluice_watermark_timestamp_seconds, sluice_state_rows{operator}, sluice_state_bytes
 *
 * @example
 * ```ts
 * import { match } from "assert";
 * import { json, ndjson, pipeline, prometheus, schema as s } from "sluice";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/events.ndjson`, '{"id":1}\n{"id":2}\n');
 *
 * await using metrics = prometheus({ port: 0 });
 * const query = await pipeline("events")
 *   .from(ndjson({ path: `${folder}/events.ndjson` }))
 *   .decode(json(s.struct({ id: s.long() })))
 *   .foreachBatch(() => {})
 *   .start({
 *     checkpointLocation: `${folder}/checkpoint`,
 *     trigger: { availableNow: true },
 *     listener: metrics,
 *   });
 * await query.awaitTermination();
 *
 * const text = await (await fetch(metrics.url)).text();
 * match(text, /^sluice_input_rows_total\{query="events",.*\} 2$/m);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @throws {SluiceError} `CANNOT_LISTEN` if the port is taken, or not for this process to take.
 */
export function prometheus(options: PrometheusOptions): PrometheusServer {
  refuseUnknownOptions("serve metrics", options, ["port", "hostname"]);
  return new PrometheusServer(options);
}
