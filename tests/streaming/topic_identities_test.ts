import { deepEqual, rejects } from "assert";
import { machine } from "../../lib/streaming/environment.ts";
import { SourceLog } from "../../lib/streaming/checkpoint/source_log.ts";
import { TopicIdentities } from "../../lib/streaming/checkpoint/topic_identities.ts";
import { MemorySource } from "../support/memory_source.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { hasCode } from "./toy_query.ts";

const { signal } = new AbortController();

/** A source of all topics that there are, whenever they came. */
class PatternSource extends MemorySource {
  topics: Record<string, string> = { a: "1" };

  override identities(): Promise<Record<string, string>> {
    return Promise.resolve(this.topics);
  }
}

/** A run of a query that has read the source before. */
async function begin(log: SourceLog, source: PatternSource): Promise<TopicIdentities> {
  const identities = new TopicIdentities(log, source);
  const recovery = { committedBatchId: 0, position: {}, isReplayed: false };
  await identities.begin(source.topics, recovery, signal, () => {});
  return identities;
}

Deno.test("a topic that joined during a run is noticed when it is made anew, in the run and behind it", async () => {
  await using folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/sluice`);
  const log = new SourceLog(machine.files, folder.path, 0);
  const source = new PatternSource(1);
  const run = await begin(log, source);
  source.topics = { a: "1", b: "2" };
  await run.check(signal);
  deepEqual(await log.topics(), { identities: { a: "1", b: "2" } });

  source.topics = { a: "1" };
  await run.check(signal);
  source.topics = { a: "1", b: "3" };
  await rejects(run.check(signal), hasCode("TOPIC_RECREATED", /"b".*found topic id 3, wanted 2/));
  await rejects(begin(log, source), hasCode("TOPIC_RECREATED", /"b"/));
});

Deno.test("a topic that is away when a run begins is not forgotten", async () => {
  await using folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/sluice`);
  const log = new SourceLog(machine.files, folder.path, 0);
  const source = new PatternSource(1);
  source.topics = { a: "1", b: "2" };
  await begin(log, source);
  source.topics = { a: "1" };
  const run = await begin(log, source);
  source.topics = { a: "1", b: "3" };
  await rejects(run.check(signal), hasCode("TOPIC_RECREATED", /"b"/));
});

Deno.test("where topics are read from their beginning stays known when another joins", async () => {
  await using folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/sluice`);
  const log = new SourceLog(machine.files, folder.path, 0);
  const source = new PatternSource(1);
  source.failOnDataLoss = false;
  await begin(log, source);
  source.topics = { a: "2" };
  source.earliestOffsets = () => Promise.resolve({ a: { 0: 7n } });
  const run = await begin(log, source);
  source.topics = { a: "2", b: "3" };
  await run.check(signal);
  deepEqual(await log.topics(), {
    identities: { a: "2", b: "3" },
    restart: { afterBatchId: 0, offsets: { a: { 0: 7n } } },
  });
});
