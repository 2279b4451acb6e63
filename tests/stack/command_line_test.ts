import { equal, match, ok } from "assert";
import { fileURLToPath } from "node:url";
import { freePorts } from "../support/ports.ts";

const script = fileURLToPath(new URL("../../lib/cli/stack.ts", import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command from another folder, with a state folder of its own that is gone afterwards. */
async function stack(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const dir = await Deno.makeTempDir();
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", script, ...args],
      cwd: "/",
      env: {
        SLUICE_STATE_DIR: dir,
        KAFKA_BROKERS: "",
        DATABASE_URL: "",
        SCHEMA_REGISTRY_URL: "",
        CONNECT_URL: "",
        MYSQL_URL: "",
        NO_COLOR: "1",
        ...env,
      },
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const given = {
  KAFKA_BROKERS: "kafka.example:9092",
  DATABASE_URL: "postgres://me:secret@db.example/shop",
};

Deno.test("stack:up takes what the environment gives and starts nothing", async () => {
  const { code, stdout } = await stack(["up"], given);
  equal(code, 0);
  match(stdout, /Apache Kafka +given by KAFKA_BROKERS +kafka\.example:9092/);
  match(stdout, /Postgres +given by DATABASE_URL +postgres:\/\/me:\*\*\*@db\.example\/shop/);
});

Deno.test("stack:up --with takes services that are given, and refuses one that there is not", async () => {
  const { code, stdout } = await stack(["up", "--with", "registry,connect, mariadb"], {
    ...given,
    SCHEMA_REGISTRY_URL: "https://me:secret@registry.example/api",
    CONNECT_URL: "http://connect.example:8083",
    MYSQL_URL: "mysql://me:secret@mariadb.example/shop",
  });
  equal(code, 0);
  match(stdout, /Schema registry +given by SCHEMA_REGISTRY_URL +https:\/\/me:\*\*\*@registry/);
  match(stdout, /Kafka Connect +given by CONNECT_URL +http:\/\/connect\.example:8083/);
  match(stdout, /MariaDB +given by MYSQL_URL +mysql:\/\/me:\*\*\*@mariadb\.example\/shop/);
  const other = await stack(["up", "--with", "registry,kafka"], given);
  equal(other.code, 2);
  match(other.stderr, /at --with: found "kafka", wanted some of registry,connect,mariadb/);
});

Deno.test("stack:status exits with 3 unless everything runs", async () => {
  const stopped = await stack(["status", "--json"]);
  equal(stopped.code, 3);
  equal(JSON.parse(stopped.stdout)[0].state, "stopped");
  equal((await stack(["status"], given)).code, 0);
});

Deno.test("stack refuses an option it does not know", async () => {
  const { code, stderr } = await stack(["up", "--wipe"]);
  equal(code, 2);
  match(stderr, /^Cannot read the flags of stack:up at --wipe: found no such flag, wanted one of/);
});

Deno.test("stack tells what it does, and refuses a command that it does not know", async () => {
  for (const args of [["--help"], ["-h"], ["up", "-h"]]) {
    const { code, stdout } = await stack(args);
    equal(code, 0);
    match(stdout, /deno task stack:down/);
  }
  for (const args of [[], ["upp"]]) {
    const { code, stderr } = await stack(args);
    equal(code, 2);
    match(stderr, /wanted up, down or status/);
  }
});

Deno.test("stack:up ends with the line that other programs take the addresses from", async () => {
  const dir = await Deno.makeTempDir();
  const port = freePorts(1);
  const env = {
    KAFKA_BROKERS: given.KAFKA_BROKERS,
    SLUICE_STATE_DIR: dir,
    SLUICE_POSTGRES_PORT: String(port),
  };
  try {
    const { code, stdout, stderr } = await stack(["up"], env);
    equal(code, 0, stderr);
    const url = `postgres://sluice:sluice@127.0.0.1:${port}/sluice`;
    equal(stdout.trimEnd().split("\n").at(-1), `export DATABASE_URL=${url}`);
    const json = await stack(["up", "--json"], env);
    equal(JSON.parse(json.stdout)[1].address, url);
  } finally {
    equal((await stack(["down", "--wipe"], env)).code, 0);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("stack:up names the process on a busy port and the ways out", async () => {
  const port = freePorts(2);
  using _listener = Deno.listen({ hostname: "127.0.0.1", port });
  const { code, stderr } = await stack(["up"], { ...onlyKafka, SLUICE_KAFKA_PORT: String(port) });
  equal(code, 1);
  ok(
    stderr.startsWith(`Cannot start Apache Kafka at 127.0.0.1:${port}: found a port that`),
    stderr,
  );
  if (Deno.build.os === "linux") match(stderr, new RegExp(`process ${Deno.pid} \\(.*deno`));
  match(stderr, /SLUICE_KAFKA_PORT=19092/);
  match(stderr, /KAFKA_BROKERS/);
});

Deno.test("stack:up without Java says what to install", async () => {
  const env = { ...onlyKafka, SLUICE_KAFKA_PORT: String(freePorts(2)), PATH: "/", JAVA_HOME: "" };
  const { code, stderr } = await stack(["up"], env);
  equal(code, 1);
  match(stderr, /at the PATH: found no working java, wanted Java 17 or newer\. Install one/);
});

const onlyKafka = { DATABASE_URL: given.DATABASE_URL };
