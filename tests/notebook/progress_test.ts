import { equal, match, rejects } from "assert";
import { schema as s, SluiceError } from "../../lib/core/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import { type Display, progress } from "../../lib/notebook/mod.ts";
import { pipeline } from "../../lib/streaming/mod.ts";
import { MemorySink } from "../support/memory_sink.ts";
import { MemorySource } from "../support/memory_source.ts";
import { tempFolder } from "../support/temp_folder.ts";

const Event = s.struct({ id: s.long() });

/** Ten records, two of them no events, and a query that takes them in batches of four. */
async function startQuery(checkpointLocation: string, sink: MemorySink) {
  const source = new MemorySource(1);
  source.limits = { maxOffsetsPerTrigger: 4 };
  for (let id = 0; id < 10; id++) source.partitions[0]?.push(id % 5 === 4 ? "no" : `{"id":${id}}`);
  return await pipeline("events").from(source).decode(json(Event)).to(sink)
    .start({ checkpointLocation, trigger: { availableNow: true } });
}

Deno.test("progress() shows the batches of a query until it has ended", async () => {
  await using folder = await tempFolder();
  const shown: Display[] = [];
  const query = await startQuery(folder.path, new MemorySink("memory"));
  await progress(query, (display) => {
    shown.push(display);
    return Promise.resolve();
  });
  const [caption, heads, ...rows] = shown.at(-1)?.mime["text/plain"].split("\n") ?? [];
  equal(caption, "query events has ended: 10 records");
  equal(heads?.replace(/ +/g, " "), "batch records dead letters memory lag rows/s");
  const withoutSpeed = rows.map((row) => row.trim().replace(/ +/g, " ").replace(/ \d+$/, ""));
  equal(withoutSpeed.join("; "), "0 4 0 4 6; 1 4 1 3 2; 2 2 1 1 0");
});

Deno.test("progress() throws what ended the query, after a last look", async () => {
  await using folder = await tempFolder();
  const sink = new MemorySink("memory");
  sink.onStage = (batchId) => {
    if (batchId === 1) throw new SluiceError("BROKEN", { attempted: "stage a batch" });
  };
  const shown: Display[] = [];
  const query = await startQuery(folder.path, sink);
  const watched = progress(query, (display) => {
    shown.push(display);
    return Promise.resolve();
  });
  await rejects(watched, /Cannot stage a batch/);
  match(shown.at(-1)?.mime["text/plain"] ?? "", /^query events has ended: 4 records\n/);
});
