import { deepEqual, equal, ok, rejects } from "assert";
import { Kafka, logLevel } from "kafkajs";
import mysql from "mysql2/promise";
import postgres from "postgres";
import {
  ensureStack,
  mariadbAvailable,
  type ServiceStatus,
  stackStatus,
  startStack,
  stopStack,
} from "../../lib/stack/mod.ts";
import { freePorts } from "../support/ports.ts";
import { sluiceDir } from "../support/stack.ts";

const kafkaJarsFolder = "kafka-4.3.0";
const connectJarsFolder = "connect-4.3.0-debezium-3.5.0.Final";

Deno.test("the stack", async (t) => {
  const dir = await Deno.makeTempDir();
  const port = freePorts(4);
  const options = {
    stateDir: `${dir}/a state, ünd mehr`,
    downloadsDir: `${dir}/downloads`,
    kafkaPort: port,
    postgresPort: port + 2,
    connectPort: port + 3,
  };
  using _environment = withoutAddresses();
  try {
    await copyDownloads(options.downloadsDir);

    await t.step("starts a Kafka and a Postgres that answer on the ports asked for", async () => {
      const { kafkaBrokers, databaseUrl } = await startStack(options);
      deepEqual(kafkaBrokers, [`127.0.0.1:${port}`]);
      await createTopic(port, "kept");
      equal(await count(databaseUrl, "create table kept as select 1 as id"), 1);
      deepEqual(await states(options), ["running", "running"]);
    });

    await t.step("started again, even twice at once, leaves what runs alone", async () => {
      const before = await pids(options);
      const startedAt = performance.now();
      const messages: string[] = [];
      const onProgress = (message: string) => messages.push(message);
      await Promise.all([startStack({ ...options, onProgress }), startStack(options)]);
      ok(performance.now() - startedAt < 1_000);
      deepEqual(await pids(options), before);
      deepEqual(messages, []);
    });

    await t.step("refuses another port while it runs", async () => {
      await rejects(
        startStack({ ...options, kafkaPort: port + 10, services: ["kafka"] }),
        { code: "PORT_DIFFERS", message: new RegExp(`port ${port}, wanted port ${port + 10}`) },
      );
    });

    await t.step("replaces killed services and a jar that was cut short; data stays", async () => {
      for (const pid of await pids(options)) Deno.kill(pid, "SIGKILL");
      await until(async () => (await states(options)).every((state) => state === "died"));
      const jar = `${options.downloadsDir}/${kafkaJarsFolder}/kafka-clients-4.3.0.jar`;
      await Deno.truncate(jar, 1_000);
      const { databaseUrl } = await startStack(options);
      ok((await Deno.stat(jar)).size > 1_000_000);
      ok((await topics(port)).includes("kept"));
      equal(await count(databaseUrl, "select * from kept"), 1);
    });

    await t.step("stops without leaving a process, and starts with its data", async () => {
      const before = await pids(options);
      await stopStack({ ...options, services: ["postgres"] });
      deepEqual(await states(options), ["running", "stopped"]);
      await until(async () => !await isRunning(before[1]!));
      const { databaseUrl } = await startStack({ ...options, services: ["postgres"] });
      equal(await count(databaseUrl, "select * from kept"), 1);
    });

    await t.step("wiped, leaves neither processes nor data, only the downloads", async () => {
      const before = await pids(options);
      await stopStack({ ...options, wipe: true });
      for (const pid of before) await until(async () => !await isRunning(pid));
      deepEqual(await states(options), ["stopped", "stopped"]);
      const left = await names(options.stateDir);
      equal(left.includes("kafka") || left.includes("postgres"), false, String(left));
      ok((await names(options.downloadsDir)).includes(kafkaJarsFolder));
    });

    await t.step(
      "starts the Kafka that Kafka Connect needs, and ends it after Connect",
      async () => {
        const { connectUrl } = await ensureStack({ ...options, services: ["connect"] });
        equal(connectUrl, `http://127.0.0.1:${port + 3}`);
        deepEqual(await (await fetch(`${connectUrl}/connectors`)).json(), []);
        deepEqual(await states(options), ["running", "stopped", "running"]);
        ok((await topics(port)).includes("sluice_connect_configs"));
        await stopStack(options);
        const log = await Deno.readTextFile(`${options.stateDir}/logs/connect.log`);
        ok(log.includes("Kafka Connect stopped"), log.slice(-1_000));
        // Its brokers were there to the end.
        equal(log.includes("could not be established"), false, log.slice(-1_000));
      },
    );
  } finally {
    await stopStack({ ...options, wipe: true });
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test({
  name:
    "MariaDB runs where its user can go, keeps its data when killed, and leaves nothing when wiped",
  ignore: !await mariadbAvailable(),
  async fn() {
    const dir = await Deno.makeTempDir(); // nobody else may enter it
    const stateDir = `${dir}/a state, ünd mehr`;
    const options = { stateDir, mariadbPort: freePorts(1), services: ["mariadb"] as const };
    const isRoot = Deno.uid() === 0;
    const homes = async () =>
      (await names("/var/lib")).filter((name) => /^sluice-mariadb-/.test(name));
    const before = await homes();
    using _environment = withoutAddresses();
    try {
      const { mysqlUrl } = await startStack(options);
      await mysqlRows(mysqlUrl, "create table kept (id bigint primary key)");
      await mysqlRows(mysqlUrl, "insert into kept values (9007199254740993)");
      equal((await homes()).length, before.length + (isRoot ? 1 : 0));
      const [status] = await stackStatus(options);
      if (isRoot) ok((await Deno.stat(`/proc/${status!.pid}`)).uid !== 0);
      Deno.kill(status!.pid!, "SIGKILL");
      await until(async () => (await stackStatus(options))[0]!.state === "died");
      await startStack(options);
      const rows = await mysqlRows(
        mysqlUrl,
        "select cast(id as char) as id, @@log_bin as log, @@binlog_format as format, " +
          "@@binlog_row_image as image from kept",
      );
      deepEqual(rows, [{ id: "9007199254740993", log: 1, format: "ROW", image: "FULL" }]);
    } finally {
      await stopStack({ ...options, wipe: true });
    }
    deepEqual(await homes(), before);
    deepEqual((await names(stateDir)).sort(), ["lock", "logs", "run"]);
    await Deno.remove(dir, { recursive: true });
  },
});

Deno.test("a process that took over a recorded pid is neither shown nor stopped", async () => {
  const stateDir = await Deno.makeTempDir();
  const stranger = new Deno.Command("sleep", { args: ["60"] }).spawn();
  try {
    await Deno.mkdir(`${stateDir}/run`);
    const record = { pid: stranger.pid, startTime: "another boot 1", port: 29_092 };
    await Deno.writeTextFile(`${stateDir}/run/postgres.json`, JSON.stringify(record));
    const options = { stateDir, services: ["postgres"] as const };
    await stopStack(options);
    ok(await isRunning(stranger.pid));
  } finally {
    stranger.kill();
    await stranger.status;
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test("an unknown option or service is refused", async () => {
  await rejects(startStack({ kafkaProt: 1 } as object), { code: "UNKNOWN_OPTION" });
  await rejects(startStack({ services: ["redis" as "kafka"] }), { code: "UNKNOWN_SERVICE" });
  await rejects(startStack({ kafkaPort: 65_535 }), { code: "INVALID_PORT" });
});

/** No service is given while the test runs. */
function withoutAddresses(): Disposable {
  const names = [
    "KAFKA_BROKERS",
    "DATABASE_URL",
    "SCHEMA_REGISTRY_URL",
    "CONNECT_URL",
    "MYSQL_URL",
  ];
  const given = names.map((name) => [name, Deno.env.get(name)] as const);
  for (const name of names) Deno.env.delete(name);
  return {
    [Symbol.dispose]: () => {
      for (const [name, value] of given) if (value !== undefined) Deno.env.set(name, value);
    },
  };
}

/** Takes the jars of the checkout, where it has them, instead of fetching them once more. */
async function copyDownloads(downloadsDir: string): Promise<void> {
  await Deno.mkdir(downloadsDir, { recursive: true });
  const connectJars = `${sluiceDir}/downloads/${connectJarsFolder}`;
  if (await Deno.stat(connectJars).then(() => true, () => false)) {
    await Deno.symlink(connectJars, `${downloadsDir}/${connectJarsFolder}`);
  }
  // A copy: the test damages one of them.
  const source = `${sluiceDir}/downloads/${kafkaJarsFolder}`;
  await Deno.mkdir(`${downloadsDir}/${kafkaJarsFolder}`, { recursive: true });
  for (const name of await names(source)) {
    await Deno.copyFile(`${source}/${name}`, `${downloadsDir}/${kafkaJarsFolder}/${name}`);
  }
}

async function mysqlRows(url: string, statement: string): Promise<unknown> {
  const connection = await mysql.createConnection(url);
  try {
    return (await connection.query(statement))[0];
  } finally {
    await connection.end();
  }
}

async function names(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function states(options: { stateDir: string }): Promise<ServiceStatus["state"][]> {
  return (await stackStatus({ stateDir: options.stateDir })).map((status) => status.state);
}

async function pids(options: { stateDir: string }): Promise<number[]> {
  return (await stackStatus({ stateDir: options.stateDir })).flatMap(({ pid }) => pid ?? []);
}

/** True while the system knows the process; an ended one stays until its parent, here init, has looked. */
async function isRunning(pid: number): Promise<boolean> {
  const { success } = await new Deno.Command("kill", { args: ["-0", String(pid)] }).output();
  return success;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!await condition()) ok(performance.now() < deadline, "the condition never came true");
}

async function count(databaseUrl: string, statement: string): Promise<number> {
  const sql = postgres(databaseUrl, { max: 1 });
  try {
    return (await sql.unsafe(statement)).count;
  } finally {
    await sql.end();
  }
}

async function createTopic(port: number, topic: string): Promise<void> {
  await withAdmin(port, (admin) => admin.createTopics({ topics: [{ topic }] }));
}

async function topics(port: number): Promise<string[]> {
  return await withAdmin(port, (admin) => admin.listTopics());
}

async function withAdmin<T>(
  port: number,
  work: (admin: ReturnType<Kafka["admin"]>) => Promise<T>,
): Promise<T> {
  const kafka = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
