import { deepEqual, equal, match } from "assert";
import { fileURLToPath } from "node:url";
import { createProducer, deleteTopicIfPresent } from "../../lib/kafka/mod.ts";
import { withForeignAdmin } from "../kafka/foreign_client.ts";
import { testStack } from "../support/stack.ts";

const script = fileURLToPath(new URL("../../lib/cli/topics.ts", import.meta.url));
const TOPIC_RESOURCE = 2;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a process, its output into a pipe. */
async function topics(brokers: readonly string[], ...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, ...args],
    cwd: "/",
    env: { NO_COLOR: "1", KAFKA_BROKERS: brokers.join(",") },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** What the command prints when it goes well, by line. */
async function lines(brokers: readonly string[], ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await topics(brokers, ...args);
  equal(code, 0, stderr);
  return stdout.trimEnd().split("\n");
}

Deno.test("topics creates, describes and alters a topic, and tells and sets a group's offsets", async () => {
  const { kafkaBrokers: brokers } = await testStack();
  const topic = `test-${crypto.randomUUID().slice(0, 13)}`;
  const group = `group-of-${topic}`;
  const run = (...args: string[]) => lines(brokers, ...args);
  try {
    const config = "retention.ms=1000 cleanup.policy=compact,delete";
    const create = ["create", topic, "--partitions", "2", "--config", config];
    deepEqual(await run(...create), [`made ${topic}`]);
    deepEqual(await run(...create), [`${topic} is there already; nothing was changed`]);

    const alter = ["--config", "max.message.bytes=5000", "--unset", "retention.ms"];
    deepEqual(await run("alter", topic, "--partitions", "3", ...alter), [`changed ${topic}`]);
    await withForeignAdmin({ brokers }, async (admin) => {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: TOPIC_RESOURCE, name: topic }],
      });
      const { configEntries } = resources[0]!;
      const valueOf = (name: string) =>
        configEntries.find(({ configName }) => configName === name)?.configValue;
      equal(valueOf("cleanup.policy"), "compact,delete");
      equal(valueOf("max.message.bytes"), "5000");
      equal(valueOf("retention.ms"), "604800000");
      equal((await admin.fetchTopicOffsets(topic)).length, 3);
    });

    const producer = createProducer({ brokers });
    await producer.send(
      topic,
      Array.from({ length: 5 }, () => ({ key: "k", value: "v", partition: 2 })),
    );
    await producer.close();
    const description = JSON.parse((await run("describe", topic, "--json")).join(""));
    deepEqual(
      description.partitions.map((each: Record<string, unknown>) => each.latestOffset),
      [0, 0, 5],
    );
    const shown = await run("describe", topic);
    deepEqual(
      shown.filter((line) => /^ +\d/.test(line)).map((line) => line.trim().split(/ {2,}/)),
      ["0", "1", "2"].map((partition) => [
        partition,
        `${brokers[0]} (1)`,
        "1",
        "1",
        "0",
        partition === "2" ? "5" : "0",
      ]),
    );
    deepEqual(shown.slice(-3).map((line) => line.split(/ {2,}/)), [
      ["SETTING", "VALUE", "SOURCE"],
      ["cleanup.policy", "compact,delete", "topic"],
      ["max.message.bytes", "5000", "topic"],
    ]);

    deepEqual(await run("lag", group), ["no offsets"]);
    deepEqual(await run("reset-offset", group, topic, "2", "3"), [
      `${group} goes on at offset 3 of ${topic}-2`,
    ]);
    deepEqual((await run("lag", group)).map((line) => line.trim().split(/ {2,}/)), [
      ["TOPIC", "PARTITION", "COMMITTED", "END", "LAG"],
      [topic, "2", "3", "5", "2"],
    ]);
    const lag = { topic, partition: 2, committedOffset: 3, endOffset: 5, lag: 2 };
    deepEqual((await run("lag", group, "--json")).map((line) => JSON.parse(line)), [lag]);
    await withForeignAdmin({ brokers }, async (admin) => {
      await admin.deleteGroups([group]);
    });
  } finally {
    await deleteTopicIfPresent({ brokers }, topic);
  }
});

Deno.test("topics says what is wrong with its command line, and what the cluster refuses", async () => {
  const { kafkaBrokers: brokers } = await testStack();
  const wrong: [args: string[], code: number, message: RegExp][] = [
    [[], 2, /found none, wanted one of create, describe, alter, lag, reset-offset/],
    [["list"], 2, /found "list"/],
    [["describe"], 2, /at <topic>: found nothing/],
    [["create", "t", "--partitions", "0"], 2, /at --partitions: found "0"/],
    [["create", "t", "--config", "retention.ms"], 2, /wanted name=value, with blanks between/],
    [["alter", "t"], 2, /wanted --config, --unset or --partitions/],
    [["alter", "t", "--config", "a=1", "--unset", "a"], 2, /that --config does not have/],
    [["reset-offset", "g", "t", "0", "-1"], 2, /-1/],
    [["describe", "no-such-topic"], 1, /Cannot use topic "no-such-topic"/],
    [["describe", "t", "--brokers", "nowhere"], 1, /at option "brokers": found "nowhere"/],
  ];
  const outcomes = await Promise.all(wrong.map(([args]) => topics(brokers, ...args)));
  outcomes.forEach(({ code, stdout, stderr }, i) => {
    const [args, wantedCode, message] = wrong[i]!;
    deepEqual([code, stdout], [wantedCode, ""], args.join(" "));
    match(stderr, message);
  });
});

Deno.test("topics tells what it can do, and what each command can", async () => {
  match((await lines([], "--help")).join("\n"), /^ {2}describe {6}Shows a topic/m);
  match(
    (await lines([], "lag", "--help")).join("\n"),
    /deno task topics lag <group> \[options\]/,
  );
});
