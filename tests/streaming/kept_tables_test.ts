import { deepEqual, equal, ok, rejects } from "assert";
import { Batch, schema as s, type StaticTable } from "../../lib/core/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import { failpointsOf, Pipeline, pipeline } from "../../lib/streaming/mod.ts";
import { away, MemorySink } from "../support/memory_sink.ts";
import { MemorySource } from "../support/memory_source.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { crashAt, hasCode, run } from "./toy_query.ts";

const Event = s.struct({ id: s.long(), kind: s.string() });
const Reading = s.struct({ name: s.string(), at: s.timestamp("s") });
const Kind = s.struct({ kind: s.string(), label: s.string() });

/** A table of labels that a test may change. */
class Labels implements StaticTable<{ kind: string; label: string }> {
  readonly name = "memory(labels)";
  readonly schema = Kind;
  labels: Record<string, string>;
  loads = 0;
  /** Called at each load; may throw. */
  onLoad: () => void = () => {};

  constructor(labels: Record<string, string>) {
    this.labels = labels;
  }

  async *load(): AsyncGenerator<Batch<{ kind: string; label: string }>> {
    await Promise.resolve();
    this.loads++;
    const batch = new Batch(Kind);
    for (const [kind, label] of Object.entries(this.labels)) batch.append({ kind, label });
    yield batch;
    this.onLoad();
  }
}

function topicOf(records: number): MemorySource {
  const source = new MemorySource(1);
  source.limits = { maxOffsetsPerTrigger: 5 };
  for (let id = 0; id < records; id++) add(source, id);
  return source;
}

function add(source: MemorySource, id: number): void {
  source.partitions[0]!.push(JSON.stringify({ id, kind: id % 2 === 0 ? "even" : "odd" }));
}

function labelled(source: MemorySource, labels: Labels, sink: MemorySink) {
  return pipeline("labels").from(source).decode(json(Event))
    .joinStatic(labels, { on: ["kind"] }).drop("kind").to(sink);
}

function rowsOf(sink: MemorySink): string[] {
  return sink.rows.map(({ id, label }) => `${id} ${label}`);
}

Deno.test("a table is read when the query starts, and again at each start", async () => {
  await using folder = await tempFolder();
  const source = topicOf(2);
  const labels = new Labels({ even: "E", odd: "O" });
  const sink = new MemorySink("a");
  await run(labelled(source, labels, sink), folder.path);
  add(source, 2);
  labels.labels = { even: "E2" };
  add(source, 3);
  await run(labelled(source, labels, sink), folder.path);
  deepEqual(rowsOf(sink), ["0 E", "1 O", "2 E2"]);
});

Deno.test("a batch that is run again sees the table that its first try saw", async () => {
  for (const step of failpointsOf({ numSinks: 1, hasState: true, hasTables: true })) {
    await using folder = await tempFolder();
    const source = topicOf(5);
    const labels = new Labels({ even: "old", odd: "old" });
    const sink = new MemorySink("a");
    const go = () => run(labelled(source, labels, sink), folder.path);
    ok(await crashAt(step, 1, go), step);
    const wasPlanned = (await folder.list("offsets")).length > 0;
    labels.labels = { even: "new", odd: "new" };
    add(source, 5);
    await go();
    // What was not planned by then may take more records, and sees what is there now.
    const label = wasPlanned ? "old" : "new";
    deepEqual(rowsOf(sink).slice(0, 5), [0, 1, 2, 3, 4].map((id) => `${id} ${label}`), step);
    deepEqual(rowsOf(sink).slice(5), ["5 new"], step);
  }
});

Deno.test("refresh() reads a table again between two batches", async () => {
  await using folder = await tempFolder();
  const source = topicOf(2);
  const labels = new Labels({ even: "E", odd: "O" });
  const sink = new MemorySink("a");
  let onBatch: (() => void) | undefined;
  const batchDone = () => new Promise<void>((resolve) => onBatch = resolve);
  const first = batchDone();
  const query = await labelled(source, labels, sink).start({
    checkpointLocation: folder.path,
    trigger: { processingTime: 0 },
    listener: { onProgress: () => onBatch?.() },
  });
  await first;
  labels.labels = { even: "E2", odd: "O2" };
  const second = batchDone();
  add(source, 2);
  await second;
  await query.refresh(labels.name);
  equal(labels.loads, 2);
  const third = batchDone();
  add(source, 3);
  await third;
  deepEqual(rowsOf(sink), ["0 E", "1 O", "2 E", "3 O2"]);

  await rejects(query.refresh("memory(others)"), hasCode("UNKNOWN_TABLE", /memory\(labels\)/));
  labels.onLoad = () => {
    throw new Error("half of a table");
  };
  labels.labels = { odd: "O3" };
  await rejects(query.refresh(labels.name), /half of a table/);
  labels.onLoad = () => {};
  const fourth = batchDone();
  add(source, 4);
  await fourth;
  deepEqual(rowsOf(sink).at(-1), "4 E2");
  await query.stop();
  await rejects(query.refresh(labels.name), hasCode("QUERY_ENDED"));
});

Deno.test("of tables that are asked for while the query ends, nobody waits for ever", async () => {
  await using folder = await tempFolder();
  const labels = new Labels({ even: "E", odd: "O" });
  const others = new Labels({ even: "e", odd: "o" });
  const sink = new MemorySink("a");
  const query = await pipeline("labels").from(topicOf(2)).decode(json(Event))
    .joinStatic(labels, { on: ["kind"] }).withColumnRenamed("label", "first")
    .joinStatic({ ...others, name: "memory(others)", load: () => others.load() }, { on: ["kind"] })
    .to(sink)
    .start({ checkpointLocation: folder.path, trigger: { processingTime: 0 } });
  let ended: Promise<void> | undefined;
  labels.onLoad = () => {
    if (labels.loads < 2) return;
    ended = query.stop();
    throw away();
  };
  const answers = await Promise.allSettled([
    query.refresh(labels.name),
    query.refresh("memory(others)"),
  ]);
  await ended;
  deepEqual(answers.map(({ status }) => status), ["rejected", "rejected"]);
  equal(others.loads, 1);
});

Deno.test("a table that is away at the start is waited for, and what it cannot give ends the query", async () => {
  await using folder = await tempFolder();
  const labels = new Labels({ even: "E", odd: "O" });
  const sink = new MemorySink("a");
  labels.onLoad = () => {
    if (labels.loads < 3) throw away();
  };
  await run(labelled(topicOf(2), labels, sink), folder.path);
  deepEqual(rowsOf(sink), ["0 E", "1 O"]);
  labels.onLoad = () => {
    throw new Error("no such table");
  };
  await rejects(run(labelled(topicOf(3), labels, sink), folder.path), /no such table/);
  labels.onLoad = () => {};
  await run(labelled(topicOf(3), labels, sink), folder.path);
  deepEqual(rowsOf(sink), ["0 E", "1 O", "2 E"]);
});

Deno.test("behind a join with a table rows may get their watermark, and changes stay changes", async () => {
  await using folder = await tempFolder();
  const source = new MemorySource(1);
  source.limits = { maxOffsetsPerTrigger: 2 };
  const labels = new Labels({ a: "A", b: "B" });
  const sink = new MemorySink("a");
  const Change = s.struct({ id: s.long(), version: s.long(), kind: s.string() });
  const send = (id: number, version: number, kind: string) =>
    source.partitions[0]!.push(JSON.stringify({ id, version, kind }));
  const go = () =>
    run(
      pipeline("latest").from(source).decode(json(Change))
        .latestByKey({ key: ["id"], orderBy: "version", deleteWhen: "kind = 'gone'" })
        .joinStatic(labels, { on: ["kind"] })
        .to(sink),
      folder.path,
      { outputMode: "update" },
    );
  const table = () => sink.rows.map(({ id, label }) => `${id} ${label}`).sort();
  send(1, 1, "a");
  send(2, 1, "b");
  send(3, 1, "none");
  send(4, 1, "b");
  await go();
  deepEqual(table(), ["1 A", "2 B", "4 B"]);
  // To another label, to none at all, and deleted.
  send(1, 2, "b");
  send(2, 2, "none");
  send(4, 2, "gone");
  await go();
  deepEqual(table(), ["1 B"]);

  const timed = pipeline("timed").from(new MemorySource(1)).decode(json(Reading))
    .joinStatic(new Labels({}), { on: [{ left: "name", right: "kind" }] })
    .withWatermark("at", "1 minute");
  ok(timed instanceof Pipeline);
});
