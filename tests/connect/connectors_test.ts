import { deepEqual, equal, match, ok, rejects } from "assert";
import { applyConnector, ConnectClient } from "../../lib/connect/mod.ts";
import { stackStatus } from "../../lib/stack/mod.ts";
import { hasMariadb, testConnect, testStackOptions } from "../support/stack.ts";
import { changeOf, until, withMariadbSource, withPostgresSource } from "./change_source.ts";

Deno.test("a Postgres connector brings a table and its changes into a topic, and a killed Connect goes on", async () => {
  await withPostgresSource(async ({ connect, name, config, table, run, records }) => {
    await run(`insert into ${table} values (1, 0.00000001)`);
    const { outcome } = await applyConnector(connect, name, config);
    equal(outcome, "created");
    await records(1); // a running task may not have looked at the table yet
    await run(`update ${table} set amount = 9007199254740993.5 where id = 1`);
    await run(`delete from ${table} where id = 1`);
    const first = { id: 1, amount: "0.00000001" };
    const second = { id: 1, amount: "9007199254740993.50000000" };
    deepEqual((await records(4)).map(changeOf), [
      { op: "r", before: null, after: first },
      { op: "u", before: first, after: second },
      { op: "d", before: second, after: null },
      { key: '{"id":1}', tombstone: true },
    ]);

    if (Deno.env.get("CONNECT_URL")) return; // not ours to kill
    // Without a position in the stream it would take a new snapshot.
    await until("its position is stored", async () => {
      const response = await fetch(`${connect.where}/connectors/${name}/offsets`);
      const [{ offset } = { offset: {} }] = (await response.json()).offsets;
      return "lsn" in offset && !("snapshot" in offset);
    });
    await killConnect();
    await run(`insert into ${table} select id, 1 from generate_series(2, 101) as id`);
    equal(await testConnect(), connect.where);
    await connect.waitUntilRunning(name);
    await run(`insert into ${table} values (102, 1)`);
    const ids = new Set<number>();
    await until("all rows are there", async () => {
      // What was sent and not yet noted is sent again: each at least once.
      for (const { value } of await records(105)) {
        const { op, after } = JSON.parse(value ?? "{}");
        if (op === "c") ids.add(after.id);
      }
      return ids.size === 101;
    });
  });
});

Deno.test({
  name: "a MariaDB connector brings a table and its changes into a topic",
  ignore: !hasMariadb,
  async fn() {
    await withMariadbSource(async ({ connect, name, config, table, run, records }) => {
      await run(`insert into ${table} values (1, 0.00000001)`);
      await applyConnector(connect, name, config);
      await records(1);
      await run(`update ${table} set amount = 9007199254740993.5 where id = 1`);
      await run(`delete from ${table} where id = 1`);
      const first = { id: 1, amount: "0.00000001" };
      const second = { id: 1, amount: "9007199254740993.50000000" };
      deepEqual((await records(4)).map(changeOf), [
        { op: "r", before: null, after: first },
        { op: "u", before: first, after: second },
        { op: "d", before: second, after: null },
        { key: '{"id":1}', tombstone: true },
      ]);
    });
  },
});

Deno.test("applied again, a connector is left alone unless its configuration is another", async () => {
  await withPostgresSource(async ({ connect, name, config, slotReader, table, run, records }) => {
    await run(`insert into ${table} values (0, 1)`);
    await applyConnector(connect, name, config);
    await records(1);
    await until("its slot is read", async () => await slotReader() !== undefined);
    const reader = await slotReader();

    const again = await applyConnector(connect, name, config);
    deepEqual([again.outcome, again.changed], ["unchanged", []]);
    await rejects(applyConnector(connect, name, { ...config, "database.password": "wrong" }), {
      code: "CONNECTOR_INVALID",
      message: /password authentication failed.*nothing was changed/,
    });
    await rejects(applyConnector(connect, name, { ...config, "connector.class": "x.Nothing" }), {
      code: "CONNECTOR_CLASS_MISSING",
      message: /wanted one of .*PostgresConnector/,
    });
    equal(await slotReader(), reader);
    deepEqual(await connect.config(name), { ...config, name });

    const other = { ...config, "tombstones.on.delete": "false" };
    const changed = await applyConnector(connect, name, other);
    deepEqual([changed.outcome, changed.changed], ["changed", ["tombstones.on.delete"]]);
    await run(`insert into ${table} values (1, 1)`);
    await run(`delete from ${table} where id = 1`);
    await run(`insert into ${table} values (2, 1)`);
    const keys = (await records(4)).map(({ key }) => JSON.parse(key!).id);
    deepEqual(keys, [0, 1, 1, 2]); // no tombstone

    await connect.pause(name);
    await until("it rests", async () => (await connect.status(name))?.state === "PAUSED");
    const rests = await applyConnector(connect, name, config);
    deepEqual([rests.outcome, rests.status.state], ["changed", "PAUSED"]);
    await until("it rests again", async () => (await connect.status(name))?.state === "PAUSED");
    equal((await connect.config(name))?.["tombstones.on.delete"], undefined);
  });
});

Deno.test("a task that failed is explained, and runs when the cause is gone and it is applied again", async () => {
  await withPostgresSource(async ({ connect, name, config, table, run }) => {
    await run(`drop publication ${name}`);
    await rejects(applyConnector(connect, name, config), {
      code: "CONNECTOR_FAILED",
      message: new RegExp(
        `^Cannot run connector "${name}" at ${connect.where}, task 0: found ConnectException: ` +
          `Publication autocreation is disabled.*CREATE PUBLICATION ${name} FOR TABLE ${table}, ` +
          `then \`deno task connectors restart ${name}\`$`,
      ),
    });
    await run(`create publication ${name} for table ${table}`);
    equal((await applyConnector(connect, name, config)).outcome, "restarted");
  });
});

Deno.test("what is not there, and a Connect that does not answer, are told", async () => {
  const connect = new ConnectClient({ url: await testConnect() });
  equal(await connect.status("nobody"), undefined);
  equal(await connect.config("nobody"), undefined);
  for (const change of ["pause", "resume", "delete", "waitUntilRunning"] as const) {
    const error = { code: "CONNECTOR_MISSING", message: /no connector "nobody"/ };
    await rejects(connect[change]("nobody"), error);
  }
  const away = new ConnectClient({ url: "http://me:secret@127.0.0.1:1", retryForMs: 0 });
  const error = await away.list().then(() => undefined, (error) => error);
  equal(error.code, "CONNECT_UNAVAILABLE");
  match(error.message, /stack:up --with connect/);
  ok(!error.message.includes("secret"), error.message);
});

/** Kills the tests' own Kafka Connect; it is gone when this returns. */
async function killConnect(): Promise<void> {
  const { stateDir } = testStackOptions();
  const status = async () => (await stackStatus({ stateDir: stateDir!, services: ["connect"] }))[0];
  Deno.kill((await status())!.pid!, "SIGKILL");
  await until("it is dead", async () => (await status())?.state === "died");
}
