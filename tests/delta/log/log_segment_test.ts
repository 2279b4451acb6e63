import { deepEqual, equal, throws } from "assert";
import { checkpointName, commitName } from "../../../lib/delta/log/log_files.ts";
import { findLogSegment } from "../../../lib/delta/log/log_segment.ts";

const commits = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => commitName(first + i));
const part = (version: number, part: number, parts: number) =>
  `${String(version).padStart(20, "0")}.checkpoint.${String(part).padStart(10, "0")}.${
    String(parts).padStart(10, "0")
  }.parquet`;
const versions = (segment: ReturnType<typeof findLogSegment>) =>
  segment?.commits.map(({ version }) => version);

Deno.test("findLogSegment() finds no table where there are no commits", () => {
  equal(findLogSegment([], "log"), undefined);
  equal(findLogSegment(["_last_checkpoint", "readme.txt", ".0.json.tmp"], "log"), undefined);
});

Deno.test("findLogSegment() takes all commits where there is no checkpoint", () => {
  const segment = findLogSegment(commits(0, 3), "log");

  equal(segment?.version, 3);
  deepEqual(versions(segment), [0, 1, 2, 3]);
});

Deno.test("findLogSegment() starts from the newest checkpoint, even where older commits are gone", () => {
  const names = [checkpointName(10), checkpointName(20), ...commits(15, 22)];

  const segment = findLogSegment(names, "log");

  deepEqual(segment?.checkpoint, { version: 20, names: [checkpointName(20)] });
  deepEqual(versions(segment), [21, 22]);
});

Deno.test("findLogSegment() ends on a checkpoint whose own commit is gone", () => {
  equal(findLogSegment([checkpointName(20)], "log")?.version, 20);
});

Deno.test("findLogSegment() leaves out a checkpoint that lacks a part", () => {
  const names = [...commits(0, 12), part(10, 1, 2), part(10, 2, 2), part(12, 1, 3), part(12, 3, 3)];

  const segment = findLogSegment(names, "log");

  deepEqual(segment?.checkpoint, { version: 10, names: [part(10, 1, 2), part(10, 2, 2)] });
  deepEqual(versions(segment), [11, 12]);
});

Deno.test("findLogSegment() goes to an older version by what lies before it", () => {
  const names = [...commits(0, 25), checkpointName(10), checkpointName(20)];

  const segment = findLogSegment(names, "log", 13);

  equal(segment?.checkpoint?.version, 10);
  deepEqual(versions(segment), [11, 12, 13]);
});

Deno.test("findLogSegment() refuses a log with a gap", () => {
  const gap = { code: "CORRUPT_LOG" };
  throws(() => findLogSegment(commits(1, 3), "log"), gap);
  throws(() => findLogSegment([...commits(0, 3), ...commits(5, 6)], "log"), gap);
  throws(() => findLogSegment([checkpointName(10), ...commits(12, 13)], "log"), gap);
});

Deno.test("findLogSegment() says that a version is not there", () => {
  throws(() => findLogSegment(commits(0, 3), "log", 4), { code: "VERSION_NOT_FOUND" });
  throws(() => findLogSegment([checkpointName(10), ...commits(10, 12)], "log", 9), {
    code: "VERSION_NOT_FOUND",
  });
});

Deno.test("findLogSegment() takes no notice of names that mean nothing", () => {
  const names = [
    ...commits(0, 1),
    "2.json",
    "00000000000000000002.json.tmp",
    ".00000000000000000002.json.crc",
    "00000000000000000001.crc",
    "00000000000000000001.checkpoint.parquet.bak",
  ];

  equal(findLogSegment(names, "log")?.version, 1);
});

const compaction = (first: number, last: number) =>
  commitName(first).replace("json", commitName(last).replace("json", "compacted.json"));
const namesOf = (names: readonly string[], version?: number) =>
  findLogSegment(names, "log", version)?.commits.map(({ name }) => name);

Deno.test("findLogSegment() takes compacted files instead of the commits they are made of", () => {
  const names = [...commits(0, 9), compaction(0, 3), compaction(2, 5), compaction(2, 7)];
  deepEqual(namesOf(names), [compaction(0, 3), compaction(2, 7), ...commits(8, 9)]);
  deepEqual(namesOf([checkpointName(1), ...names]), [compaction(2, 7), ...commits(8, 9)]);
  deepEqual(namesOf(names, 4), [compaction(0, 3), commitName(4)]);
});

Deno.test("findLogSegment() reads the newest commit though a compacted file has it", () => {
  const names = [...commits(0, 4), compaction(0, 4)];
  deepEqual(namesOf(names), [compaction(0, 4), commitName(4)]);
});

Deno.test("findLogSegment() fills a gap with a compacted file", () => {
  const names = [...commits(0, 1), compaction(2, 4), commitName(5)];
  deepEqual(namesOf(names), [...commits(0, 1), compaction(2, 4), commitName(5)]);
  deepEqual(namesOf([compaction(0, 4)]), [compaction(0, 4)]);
  throws(() => namesOf(names, 3), { code: "VERSION_NOT_FOUND" });
  throws(() => namesOf([commitName(0), compaction(2, 4)]), { code: "CORRUPT_LOG" });
});

Deno.test("findLogSegment() tells a log of which only parts are left from no table", () => {
  throws(() => findLogSegment([part(5, 1, 2)], "log"), { code: "CORRUPT_LOG" });
});
