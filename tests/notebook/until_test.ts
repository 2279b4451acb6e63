import { equal, match, rejects } from "assert";
import { memorySink, memorySource } from "../../lib/local/mod.ts";
import { schema as s, SluiceError } from "../../lib/core/mod.ts";
import { until } from "../../lib/notebook/mod.ts";
import { pipeline } from "../../lib/streaming/mod.ts";
import { tempFolder } from "../support/temp_folder.ts";

const Event = s.struct({ id: s.long() });

Deno.test("until() looks again until it is so, and waits for answers that take a while", async () => {
  const looks: number[] = [];
  await until(() => {
    looks.push(looks.length);
    return looks.length === 2;
  });
  await until(() => Promise.resolve(looks.push(looks.length) === 4));
  equal(looks.length, 4);
});

Deno.test("until() waits for what a query does", async () => {
  await using folder = await tempFolder();
  const source = memorySource(Event);
  const sink = memorySink();
  const query = await pipeline("events").from(source).to(sink)
    .start({ checkpointLocation: folder.path });
  source.add({ id: 1n }, { id: 2n });
  await until(() => sink.rows.length === 2, query);
  await query.stop();
});

Deno.test("until() throws what ends the query, or that it ended without it", async () => {
  await using folder = await tempFolder();
  const source = memorySource(Event);
  source.add({ id: 1n });
  const broken = await pipeline("broken").from(source)
    .foreachBatch(() => {
      throw new SluiceError("BROKEN", { attempted: "keep a batch" });
    })
    .start({ checkpointLocation: `${folder.path}/broken` });
  await rejects(until(() => false, broken), /Cannot keep a batch/);

  const sink = memorySink();
  const short = await pipeline("short").from(source).to(sink)
    .start({ checkpointLocation: `${folder.path}/short`, trigger: { availableNow: true } });
  await rejects(until(() => sink.rows.length === 2, short), (error) => {
    match(String(error), /found that the query has ended, wanted .*sink\.rows\.length === 2/);
    return true;
  });
});
