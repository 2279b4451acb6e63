import { deepEqual, equal, match, ok } from "assert";
import { fileURLToPath } from "node:url";
import mysql from "mysql2/promise";
import { checkpointsIn } from "../../lib/cli/doctor/checkpoint_position.ts";
import { applyConnector, type ConnectorConfig } from "../../lib/connect/mod.ts";
import {
  createProducer,
  createTopicIfAbsent,
  deleteTopicIfPresent,
  describeTopic,
} from "../../lib/kafka/mod.ts";
import { until, withMariadbSource, withPostgresSource } from "../connect/change_source.ts";
import { withTopic } from "../kafka/test_topic.ts";
import { freePorts } from "../support/ports.ts";
import { hasMariadb, testMariadb, testStack } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";

const script = fileURLToPath(new URL("../../lib/cli/doctor.ts", import.meta.url));

interface Finding {
  readonly level: string;
  readonly area: string;
  readonly subject: string;
  readonly found: string;
  readonly hint?: string;
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
}

/** Runs the command as a process; no service is known to it but those of `env`. */
async function doctor(env: Record<string, string>, ...args: string[]): Promise<Outcome> {
  const none = { KAFKA_BROKERS: "", CONNECT_URL: "", DATABASE_URL: "", MYSQL_URL: "" };
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, ...args],
    cwd: "/",
    env: { ...none, SLUICE_STATE_DIR: "/nowhere", NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  equal(decoder.decode(stderr), "");
  return { code, stdout: decoder.decode(stdout) };
}

/** What the command finds of things with these names; the services of the tests are shared. */
async function findings(
  env: Record<string, string>,
  names: readonly string[],
  ...args: string[]
): Promise<Finding[]> {
  const { code, stdout } = await doctor(env, "--json", ...args);
  const { healthy, findings } = JSON.parse(stdout);
  const isBroken = findings.some(({ level }: Finding) => level === "broken");
  deepEqual([healthy, code], [!isBroken, isBroken ? 1 : 0]);
  return findings.filter(({ subject, found }: Finding) =>
    names.some((name) => subject.includes(name) || found.includes(name))
  );
}

/** Its level and subject, and the words in it that a test looks for. */
function told(all: readonly Finding[], subject: string): Finding {
  const found = all.filter((each) => each.subject === subject);
  equal(found.length, 1, `${subject} in ${JSON.stringify(all, null, 1)}`);
  return found[0]!;
}

Deno.test("doctor finds what keeps changes out of topics: slot, publication, replica identity, topic", async () => {
  await withPostgresSource(
    async ({ name, connect, config, table, run, kafkaBrokers, ...at }) => {
      const env = {
        KAFKA_BROKERS: kafkaBrokers.join(","),
        CONNECT_URL: connect.where,
        DATABASE_URL: at.databaseUrl,
      };
      const slot = `replication slot "${name}"`;
      const publication = `publication "${name}"`;
      await run(`insert into ${table} values (1, 1)`);
      const more = `${name}.more`;
      const wanted: ConnectorConfig = { ...config, "table.include.list": `${table},${more}` };
      await applyConnector(connect, name, wanted);
      await at.records(1);
      await until("its slot is read", async () => await at.slotReader() !== undefined);
      let all = await findings(env, [name]);
      deepEqual(
        all.map(({ level, area, subject }) => [level, area, subject]),
        [
          ["ok", "connect", `connector "${name}"`],
          ["broken", "postgres", publication],
          ["ok", "postgres", "replica identity"],
          ["ok", "postgres", slot],
        ],
      );
      match(told(all, publication).found, new RegExp(`reads table ${more}, which is not there`));

      await run(`create table ${more} (id int primary key); create table ${name}.bare (id int);
      alter publication ${name} add table ${name}.bare`);
      const unmade = Object.fromEntries(
        Object.entries(wanted).filter(([key]) => !key.startsWith("topic.creation.")),
      );
      await applyConnector(connect, name, unmade);
      all = await findings(env, [name]);
      match(told(all, publication).found, new RegExp(`table ${more} is not in it`));
      equal(told(all, publication).hint, `alter publication ${name} add table ${more}`);
      equal(told(all, `table ${name}.bare`).level, "broken");
      match(told(all, `table ${name}.bare`).found, /no primary key\): Postgres refuses updates/);
      const warned = all.find(({ level, area }) => level === "warning" && area === "connect");
      match(
        warned!.found,
        new RegExp(`topic "${name}.${more}" is not there.*wait without an error`),
      );

      await run(told(all, publication).hint!);
      await run(`alter table ${name}.bare replica identity full;
      alter table ${more} replica identity default`);
      all = await findings(env, [name]);
      equal(told(all, publication).level, "ok");
      equal(told(all, `table ${more}`).level, "warning");
      match(told(all, `table ${more}`).found, /DEFAULT: updates come without the row before/);
      await run(told(all, `table ${more}`).hint!);
      all = await findings(env, [name]);
      deepEqual(all.filter(({ area, level }) => area === "postgres" && level !== "ok"), []);

      await connect.stop(name);
      await until("the slot is let go", async () => await at.slotReader() === undefined);
      all = await findings(env, [name]);
      equal(told(all, slot).level, "warning");
      match(told(all, slot).found, /^inactive: nobody reads it; it holds [\d.]+ \w+ of log, /);
      match(told(all, slot).hint!, new RegExp(`connectors resume ${name}`));
      await connect.delete(name);
      const alone = told(await findings({ DATABASE_URL: env.DATABASE_URL }, [name]), slot);
      match(alone.hint!, /^start Kafka Connect .* whose connector may .* only if nobody/);
      all = await findings(env, [name]);
      const drop = /drop it: (select .*) in database \w+$/.exec(told(all, slot).hint!);
      await run(drop![1]!);
      deepEqual((await findings(env, [name])).filter(({ subject }) => subject === slot), []);
    },
  );
});

Deno.test("doctor explains a failed task and prints it for a person", async () => {
  await withPostgresSource(async ({ name, connect, config, databaseUrl, run }) => {
    await run(`drop publication ${name}`);
    await applyConnector(connect, name, config).catch(() => {});
    const env = { CONNECT_URL: connect.where, DATABASE_URL: databaseUrl };
    const { code, stdout } = await doctor(env);
    equal(code, 1);
    const lines = stdout.split("\n");
    const at = lines.findIndex((line) => line.includes(`connector "${name}"`));
    match(lines[at]!, /^BROKEN +connect +connector .*1 of 1 task FAILED: ConnectException: Publ/);
    match(lines[at + 1]!, new RegExp(`^ {20}make it: CREATE PUBLICATION ${name} FOR TABLE`));
    match(stdout, /^note +kafka +server: not looked at: no KAFKA_BROKERS/m);
    match(stdout, /^doctor: \d+ broken, \d+ warnings, \d+ ok$/m);
  });
});

Deno.test({
  name: "doctor looks at the binlog of MariaDB, and at who reads it",
  ignore: !hasMariadb,
  async fn() {
    const MYSQL_URL = await testMariadb();
    const { host, hostname, port } = new URL(MYSQL_URL);
    const server = `server ${hostname}:${port}`;
    equal(told(await findings({ MYSQL_URL }, [host]), server).level, "ok");
    await withMariadbSource(async ({ name, connect, config }) => {
      await applyConnector(connect, name, { ...config, "database.server.id": "1" });
      const connection = await mysql.createConnection(MYSQL_URL);
      try {
        await connection.query("set global binlog_format = 'STATEMENT'");
        await connection.query("set global binlog_row_image = 'MINIMAL'");
        const all = await findings({ MYSQL_URL, CONNECT_URL: connect.where }, [server]);
        deepEqual(all.map(({ level, found }) => [level, found.split(":")[0]]), [
          ["broken", "binlog_format STATEMENT"],
          ["broken", "binlog_row_image MINIMAL"],
          ["broken", `connector "${name}" has the id 1 of the server itself`],
        ]);
      } finally {
        await connection.query("set global binlog_format = 'ROW'");
        await connection.query("set global binlog_row_image = 'FULL'");
        await connection.end();
      }
    });
  },
});

Deno.test("doctor tells how far queries and groups are behind, and that a topic is another one", async () => {
  await using folder = await tempFolder();
  await withTopic({ numPartitions: 1 }, async ({ topic, connection }) => {
    const env = { KAFKA_BROKERS: connection.brokers!.join(",") };
    const producer = createProducer(connection);
    await producer.send(topic, [1, 2, 3, 4, 5].map((n) => ({ key: null, value: String(n) })));
    await producer.close();
    const { topicId } = await describeTopic(connection, topic);
    await folder.write("orders/metadata", '{"id":"1"}');
    const entry = 'v1\n{"batchWatermarkMs":0,"batchTimestampMs":0,"conf":{}}\n';
    await folder.write("orders/offsets/7", `${entry}{"${topic}":{"0":2}}`);
    await folder.write("orders/offsets/8", `${entry}{"${topic}":{"0":4}}`);
    await folder.write("orders/commits/7", 'v1\n{"nextBatchWatermarkMs":0}');
    const identities = { [topic]: topicId, "orders.ndjson": "a text that is no topic's id" };
    await folder.write("orders/sluice/topics.json", JSON.stringify({ identities }));
    const checkpoint = `${folder.path}/orders`;
    const look = async () =>
      told(
        await findings(env, [topic, checkpoint], "--checkpoint", checkpoint, "--group", topic),
        `checkpoint ${checkpoint}`,
      );
    deepEqual(await look(), {
      level: "ok",
      area: "kafka",
      subject: `checkpoint ${checkpoint}`,
      found: `batch 7 is done, 8 planned, 3 records behind (${topic})`,
    });
    const groups = await findings(env, [topic], "--group", topic);
    deepEqual(groups.map(({ level, found }) => [level, found]), [["warning", "no offsets"]]);

    await deleteTopicIfPresent(connection, topic);
    match((await look()).found, new RegExp(`^topic "${topic}" is gone; `));
    await createTopicIfAbsent(connection, { topic, numPartitions: 1 });
    const { level, found } = await look();
    equal(level, "broken");
    match(found, new RegExp(`^topic "${topic}" was deleted and made anew; `));
  });
});

Deno.test("doctor finds checkpoints in the folders of jobs with several queries", async () => {
  await using folder = await tempFolder();
  const places = ["trades", "funds/fund_unit", "funds_load/batch.json/funds"];
  for (const place of places) await folder.write(`${place}/metadata`, '{"id":"1"}');
  await folder.write("trades/state/metadata", "{}");
  await folder.write("notes.txt", "");
  deepEqual(
    await checkpointsIn(folder.path),
    places.map((place) => `${folder.path}/${place}`).sort(),
  );
  deepEqual(await checkpointsIn(`${folder.path}/none`), []);
});

Deno.test("doctor tells of services that are away, and of one that died", async () => {
  await using folder = await tempFolder();
  const record = { pid: 1, startTime: "another boot 1", port: 29_092 };
  await folder.write("run/kafka.json", JSON.stringify(record));
  await folder.write("run/connect.json", JSON.stringify({ ...record, port: 29_093 }));
  await folder.write("logs/connect.log", "");
  const nobody = `127.0.0.1:${freePorts(1)}`;
  const { code, stdout } = await doctor({
    SLUICE_STATE_DIR: folder.path,
    CONNECT_URL: `http://me:secret@${nobody}`,
    DATABASE_URL: `postgres://me:secret@${nobody}/shop`,
    MYSQL_URL: `mysql://me:secret@${nobody}/shop`,
  });
  equal(code, 1);
  match(stdout, /^BROKEN +stack +Apache Kafka: its process is gone.*\n +`deno task stack:up` /m);
  match(stdout, /^BROKEN +connect +worker: .*refused/m);
  match(stdout, /^BROKEN +postgres +server 127\.0\.0\.1:\d+\/shop: .*REFUSED/m);
  match(stdout, /^BROKEN +mariadb +server 127\.0\.0\.1:\d+: .*REFUSED/m);
  ok(!stdout.includes("secret"), stdout);
  const own = await doctor({ SLUICE_STATE_DIR: folder.path });
  match(
    own.stdout,
    /^BROKEN +stack +Kafka Connect: .*\n +`deno task stack:up --with connect` starts/m,
  );
  const bad = await doctor({ DATABASE_URL: "secret", MYSQL_URL: "postgres://me:secret@x/y" });
  equal(bad.code, 1);
  match(bad.stdout, /^BROKEN +postgres +DATABASE_URL: text that is no URL/m);
  match(bad.stdout, /^BROKEN +mariadb +MYSQL_URL: a URL that starts with postgres:/m);
  ok(!bad.stdout.includes("secret"), bad.stdout);
  const { databaseUrl } = await testStack();
  const wrong = new URL(databaseUrl);
  wrong.password = "secret";
  const login = await doctor({ DATABASE_URL: wrong.href });
  match(login.stdout, /^BROKEN +postgres +server .*password authentication failed/m);
});
