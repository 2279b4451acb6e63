import { deepEqual, equal, match, notEqual, ok, rejects, throws } from "assert";
import { onFailpoint, schema as s, SluiceError } from "../../lib/core/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import { jsonLog, type LogLevel } from "../../lib/observe/mod.ts";
import { pipeline } from "../../lib/streaming/mod.ts";
import { MemorySink } from "../support/memory_sink.ts";
import { MemorySource } from "../support/memory_source.ts";
import { checkout } from "../support/paths.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { progressOf } from "./progress_of.ts";

const QUERY = {
  id: "query-1",
  runId: "run-1",
  name: "trades",
  timestamp: "2026-01-01T00:00:00.000Z",
};

function logOf(level?: LogLevel) {
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  return { lines, listener: jsonLog(level === undefined ? { write } : { write, level }) };
}

Deno.test("a query's life is a line each: start, batches, notices, end; a replay has the trace of its batch", async () => {
  await using folder = await tempFolder();
  const source = new MemorySource(1);
  for (let id = 0; id < 30; id++) source.partitions[0]!.push(`{"id":${id}}`);
  source.limits = { maxOffsetsPerTrigger: 10 };
  const sink = new MemorySink("a");
  let faults = 1;
  sink.onCommit = () => faults-- > 0 ? "after" : undefined;
  const { lines, listener } = logOf();
  const run = async () => {
    const query = await pipeline("numbers").from(source).decode(json(s.struct({ id: s.long() })))
      .to(sink)
      .start({ checkpointLocation: folder.path, trigger: { availableNow: true }, listener });
    await query.awaitTermination();
  };
  let hits = 0;
  onFailpoint((name) => {
    if (name === "done" && ++hits === 2) throw new SluiceError("CRASHED", { attempted: "go on" });
  });
  await rejects(run(), { code: "CRASHED" }).finally(() => onFailpoint(undefined));
  const first = lines.splice(0).map((line) => JSON.parse(line));
  await Deno.remove(`${folder.path}/commits/1`);
  await run();
  const second = lines.map((line) => JSON.parse(line));

  deepEqual(first.map(({ level, event, batchId }) => [level, event, batchId]), [
    ["info", "queryStarted", undefined],
    ["warn", "queryNotice", undefined],
    ["info", "queryProgress", 0],
    ["error", "queryTerminated", undefined],
  ]);
  match(first[1].message, /^cannot bring batch 0 to the sinks yet: Cannot reach the service/);
  deepEqual(
    [first[3].error.code, first[3].error.attempted, first[3].error.message],
    ["CRASHED", "go on", "Cannot go on"],
  );
  const batches = second.filter(({ event }) => event === "queryProgress");
  deepEqual(batches.map(({ batchId }) => batchId), [1, 2]);
  deepEqual(
    batches.map(({ numInputRows, sources }) => [numInputRows, sources[0].endOffset]),
    [[10, { t: { 0: 20 } }], [10, { t: { 0: 30 } }]],
  );
  const queries = new Set(
    [...first, ...second].map(({ queryId, queryName }) => `${queryName} ${queryId}`),
  );
  equal(queries.size, 1);
  notEqual(first[0].runId, second[0].runId);

  // The same batch again, in a third run of the checkpoint.
  lines.length = 0;
  await Deno.remove(`${folder.path}/commits/2`);
  await run();
  const again = lines.map((line) => JSON.parse(line)).find(({ batchId }) => batchId === 2);
  equal(again.traceId, batches[1].traceId);
  notEqual(again.spanId, batches[1].spanId);
  notEqual(batches[0].traceId, batches[1].traceId);
  match(again.traceId, /^[0-9a-f]{32}$/);
  match(again.spanId, /^[0-9a-f]{16}$/);
});

Deno.test("offsets keep their digits, and the numbers of a batch stand under Spark's names", () => {
  const { lines, listener } = logOf();
  listener.onProgress!(progressOf());
  match(lines[0]!, /"endOffset":\{"trades":\{"0":9007199254740993,"1":5\}\}/);
  const entry = JSON.parse(lines[0]!);
  deepEqual(Object.keys(entry).slice(0, 9), [
    "time",
    "level",
    "event",
    "queryName",
    "queryId",
    "runId",
    "batchId",
    "traceId",
    "spanId",
  ]);
  deepEqual(
    [entry.time, entry.queryName, entry.numDeadLetters, entry.durationMs.addBatch],
    ["2026-01-01T00:00:01.500Z", 'trades "live"', 2, 1_000],
  );
  deepEqual(entry.eventTime, { watermark: "2026-01-01T00:00:00.250Z" });
  equal(entry.stateOperators.length, 2);
});

Deno.test("an error is logged with what it says at 3 a.m. and what is underneath", () => {
  const { lines, listener } = logOf("error");
  const cause = new SluiceError("AWAY", { attempted: "connect", cause: new TypeError("refused") });
  const error = new SluiceError("FENCED", {
    attempted: "commit batch 3",
    where: "sink a",
    found: "a newer run",
    wanted: "none",
    hint: "stop one",
    cause,
  });
  listener.onTerminated!({ ...QUERY, error });
  listener.onTerminated!({ ...QUERY, error: "only text" });
  const [entry, other] = lines.map((line) => JSON.parse(line).error);
  const { stack, cause: underneath, ...said } = entry;
  deepEqual(said, {
    name: "SluiceError",
    code: "FENCED",
    message: error.message,
    attempted: "commit batch 3",
    where: "sink a",
    found: "a newer run",
    wanted: "none",
    hint: "stop one",
  });
  ok(stack.includes("json_log_test.ts"));
  deepEqual([underneath.code, underneath.cause.name, underneath.cause.message], [
    "AWAY",
    "TypeError",
    "refused",
  ]);
  deepEqual(other, { message: "only text" });
});

Deno.test("what matters less than the level is left out", () => {
  const eventsAt = (level?: LogLevel) => {
    const { lines, listener } = logOf(level);
    listener.onStarted!(QUERY);
    listener.onIdle!(QUERY);
    listener.onNotice!("away", QUERY);
    listener.onTerminated!({ ...QUERY, error: new Error("broken") });
    return lines.map((line) => JSON.parse(line).event);
  };
  deepEqual(eventsAt(), ["queryStarted", "queryNotice", "queryTerminated"]);
  deepEqual(eventsAt("debug"), ["queryStarted", "queryIdle", "queryNotice", "queryTerminated"]);
  deepEqual(eventsAt("warn"), ["queryNotice", "queryTerminated"]);
  deepEqual(eventsAt("error"), ["queryTerminated"]);
  throws(() => jsonLog({ level: "verbose" as LogLevel }), { code: "BAD_OPTION" });
  throws(() => jsonLog({ path: "x" } as never), { code: "UNKNOWN_OPTION" });
});

Deno.test("without a writer the lines go to standard output, whole", async () => {
  const script = `
    import { jsonLog } from "./lib/observe/mod.ts";
    jsonLog().onNotice("x".repeat(300_000), ${JSON.stringify(QUERY)});
  `;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", script],
    cwd: checkout,
  }).output();
  equal(JSON.parse(new TextDecoder().decode(stdout)).message.length, 300_000);
});
