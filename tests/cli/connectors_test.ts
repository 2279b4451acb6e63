import { deepEqual, equal, match, ok } from "assert";
import { fileURLToPath } from "node:url";
import { changeOf, type PostgresSource, withPostgresSource } from "../connect/change_source.ts";
import { testConnect } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";

const script = fileURLToPath(new URL("../../lib/cli/connectors.ts", import.meta.url));
const SECRET = "s3cret-enough";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a process, with nothing of this one's environment but the PATH. */
async function connectors(env: Record<string, string>, ...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, ...args],
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH") ?? "",
      HOME: Deno.env.get("HOME") ?? "",
      DENO_DIR: Deno.env.get("DENO_DIR") ?? "",
      SLUICE_STATE_DIR: "/nowhere",
      NO_COLOR: "1",
      ...env,
    },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** What the command prints when it goes well, by line. */
async function lines(env: Record<string, string>, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await connectors(env, ...args);
  equal(code, 0, stderr);
  return stdout.trimEnd().split("\n");
}

/** As the source's, with a login of its own whose password only the environment has. */
function fileOf({ name, config }: PostgresSource): string {
  const { "tasks.max": _, ...settings } = config;
  return JSON.stringify({
    name,
    config: {
      ...settings,
      "tasks.max": 1,
      "database.hostname": "${env:PGHOST}",
      "database.port": "${env:PGPORT}",
      "database.user": name,
      "database.password": "${env:SHOP_PASSWORD}",
      "database.dbname": "${env:PGDATABASE}",
    },
  });
}

/** Runs a test with a connector's file, and a login for it whose password is `SECRET`. */
async function withFile(
  test: (source: PostgresSource, file: string, env: Record<string, string>) => Promise<void>,
): Promise<void> {
  await using folder = await tempFolder();
  await withPostgresSource(async (source) => {
    const { name, sql, databaseUrl, connect } = source;
    await folder.write("orders.json", fileOf(source));
    await sql.unsafe(`create role ${name} login replication password '${SECRET}';
      grant usage on schema ${name} to ${name};
      grant select on all tables in schema ${name} to ${name}`);
    try {
      const env = { CONNECT_URL: connect.where, DATABASE_URL: databaseUrl, SHOP_PASSWORD: SECRET };
      await test(source, `${folder.path}/orders.json`, env);
    } finally {
      await sql.unsafe(`drop owned by ${name}; drop role ${name}`);
    }
  });
}

Deno.test("connectors applies a file with secrets from the environment, which it never prints", async () => {
  await withFile(async ({ name, connect, run, table, records }, file, env) => {
    await run(`insert into ${table} values (1, 1)`);
    const { SHOP_PASSWORD: _, ...withoutSecret } = env;
    const missing = await connectors(withoutSecret, "apply", file);
    equal(missing.code, 1);
    match(
      missing.stderr,
      /setting "database\.password": found no SHOP_PASSWORD in the environment/,
    );
    const wrong = await connectors({ ...env, SHOP_PASSWORD: "wr0ng-one" }, "apply", file);
    equal(wrong.code, 1);
    match(wrong.stderr, /password authentication failed/);
    ok(!wrong.stderr.includes("wr0ng-one"), wrong.stderr);
    equal(await connect.config(name), undefined);

    deepEqual(await lines(env, "apply", file), [`created ${name}: RUNNING, 1 task`]);
    deepEqual(await lines(env, "apply", file), [`unchanged ${name}: RUNNING, 1 task`]);
    equal((await connect.config(name))?.["database.password"], SECRET);
    deepEqual((await records(1)).map(changeOf), [
      { op: "r", before: null, after: { id: 1, amount: "1.00000000" } },
    ]);

    const json = JSON.parse((await lines(env, "status", file, "--json")).join(""));
    deepEqual([json.name, json.state, json.tasks.length], [name, "RUNNING", 1]);
    deepEqual(await lines(env, "pause", name), [`paused ${name}`]);
    equal((await connectors(env, "status", name)).code, 3);
    deepEqual(await lines(env, "resume", name), [`resumed ${name}: RUNNING, 1 task`]);
    deepEqual(await lines(env, "restart", file), [`restarted ${name}: RUNNING, 1 task`]);
  });
});

Deno.test("connectors leaves references to Kafka Connect's own config providers", async () => {
  await withFile(async ({ name, connect }, file, env) => {
    await using folder = await tempFolder();
    await folder.write("shop.properties", `password=${SECRET}\n`);
    const reference = `\${file:${folder.path}/shop.properties:password}`;
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, text.replace("${env:SHOP_PASSWORD}", reference));
    await lines(env, "apply", file);
    equal((await connect.config(name))?.["database.password"], reference);

    // The local worker's environment names its locale.
    const kept = (await Deno.readTextFile(file)).replace(/\$\{env:PG\w+\}/g, (each) => {
      const { hostname, port, pathname } = new URL(env.DATABASE_URL!);
      return { PGHOST: hostname, PGPORT: port, PGDATABASE: pathname.slice(1) }[each.slice(6, -1)]!;
    }).replace(`"topic.prefix":"${name}"`, `"topic.prefix":"${name}_\${env:LC_ALL}"`);
    await Deno.writeTextFile(file, kept);
    if (Deno.env.get("CONNECT_URL") || Deno.build.os !== "linux") return;
    deepEqual(await lines(env, "apply", file, "--keep-references"), [
      `changed ${name} (topic.prefix): RUNNING, 1 task`,
    ]);
    equal((await connect.config(name))?.["topic.prefix"], `${name}_\${env:LC_ALL}`);
  });
});

Deno.test("connectors deletes with the slot, so that a new one begins with a snapshot", async () => {
  await withFile(async ({ name, connect, sql, table, run, records }, file, env) => {
    const slots = async () =>
      (await sql`select from pg_replication_slots where slot_name = ${name}`)
        .length;
    await run(`insert into ${table} values (1, 1)`);
    await lines(env, "apply", file);
    await records(1);
    const [deleted, stays] = await lines(env, "delete", name);
    equal(deleted, `deleted ${name}`);
    match(stays!, new RegExp(`slot ${name} stays: .*pg_drop_replication_slot\\('${name}'\\)`));
    equal(await slots(), 1);

    await lines(env, "apply", file);
    const { host, pathname } = new URL(env.DATABASE_URL!);
    deepEqual(await lines(env, "delete", name, "--drop-slot"), [
      `deleted ${name}`,
      `dropped replication slot ${name} of ${host}${pathname}`,
    ]);
    equal(await slots(), 0);
    equal(await connect.config(name), undefined);
    deepEqual(await lines(env, "delete", file, "--drop-slot"), [
      `${name} was not there`,
      `there was no replication slot ${name} in ${host}${pathname}`,
    ]);

    await lines(env, "apply", file);
    deepEqual((await records(2)).map((each) => (changeOf(each) as { op: string }).op), ["r", "r"]);
  });
});

Deno.test("connectors says what is wrong with its command line, a file, and Kafka Connect", async () => {
  await using folder = await tempFolder();
  await folder.write("broken.json", "{");
  await folder.write("list.json", '{"a": [1]}');
  const env = { CONNECT_URL: await testConnect() };
  const wrong: [args: string[], code: number, message: RegExp][] = [
    [[], 2, /found none, wanted one of apply, status, pause, resume, restart, delete/],
    [["apply"], 2, /at <file>: found nothing/],
    [["apply", `${folder.path}/no.json`], 1, /found no such file/],
    [["apply", `${folder.path}/broken.json`], 1, /found no JSON/],
    [["apply", `${folder.path}/list.json`], 1, /setting "a": found a list/],
    [["status", "nobody"], 1, /found no connector "nobody"/],
    [["delete", "nobody"], 1, /found no connector "nobody"/],
    [["status", "--timeout", "x"], 2, /at --timeout: found "x"/],
  ];
  const outcomes = await Promise.all(wrong.map(([args]) => connectors(env, ...args)));
  outcomes.forEach(({ code, stdout, stderr }, i) => {
    const [args, wantedCode, message] = wrong[i]!;
    deepEqual([code, stdout], [wantedCode, ""], `${args.join(" ")}: ${stderr}`);
    match(stderr, message);
  });
  const away = await connectors({}, "status");
  equal(away.code, 1);
  match(away.stderr, /neither --url nor CONNECT_URL.*stack:up --with connect/);
});

Deno.test("connectors tells what it can do, and what each command can", async () => {
  match((await lines({}, "--help")).join("\n"), /^ {2}apply {5}Makes connectors as/m);
  match(
    (await lines({}, "delete", "--help")).join("\n"),
    /deno task connectors delete <name or file> … \[options\]/,
  );
});
