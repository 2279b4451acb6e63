import { deepEqual, equal, match, ok } from "assert";
import { withSql } from "../support/trade_ledger.ts";
import { postgresSource } from "../../pipelines/capture/source_database.ts";
import { checkout } from "../support/paths.ts";
import { Random } from "../support/random.ts";
import { testStack } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";

const GOOD = { fund_id: 1, name: "One", currency: "SEK", prices: [{ date: "2026-01-01", nav: 1 }] };

Deno.test("the sample is loaded, decimals exact, and what is wrong with it is told with its place", async () => {
  await using world = await prepare();
  const { code, stderr, stdout } = await world.load();
  equal(code, 0, stderr);
  match(stdout, /postgres\(fund_prices\) +6 rows changed/);
  match(stdout, /psql "\$DATABASE_URL" -c 'select path, problem from "fund_problems" limit 10'/);
  deepEqual(await world.rows("fund_id, name, manager_name, manager_since, batch_id from funds"), [
    "1|Nordic Growth Fund|Ada Lind|2019-05-01|2026-01-31/1",
    "2|Global Bond Fund|Bo Ek|2021-09-01|2026-01-31/2",
    "3|Asia Value Fund|||2026-01-31/2",
    "4|Swiss Index Fund|||2026-01-31/1",
  ]);
  deepEqual(await world.rows("fund_id, price_date, nav from fund_prices"), [
    "1|2026-01-29|104.120000",
    "1|2026-01-30|104.370000",
    "2|2026-01-29|99999999.990001",
    "2|2026-01-30|12.340000",
    "3|2026-01-30|8.100000",
    "4|2026-01-30|0.100000",
  ]);
  deepEqual(await world.rows("path, problem, entry from fund_problems"), [
    'funds[1].prices[1].nav|found "12.34 USD", wanted decimal(18,6)|' +
    '{"date":"2026-01-30","nav":"12.34 USD"}',
    'funds[2].fund_id|found "three", wanted integer|{"fund_id":"three","name":"Asia Value Fund",' +
    '"currency":"JPY","prices":[{"date":"2026-01-30","nav":"8.1"}]}',
    'funds[3].prices[1].date|found "30.01.2026", wanted date (YYYY-MM-DD)|' +
    '{"date":"30.01.2026","nav":"0.2"}',
    'funds[3].prices[2].nav|more than 6 decimals: found "1.2345678", wanted decimal(18,6)|' +
    '{"date":"2026-01-28","nav":"1.2345678"}',
  ]);
  match((await world.load()).stdout, /^(Nothing new in .*funds_batch\.json; .*\n){3}$/);
});

Deno.test("the same batch in another file changes nothing, a corrected one corrects, an older one undoes nothing, and a file that was changed is told", async () => {
  await using world = await prepare();
  const batch = (asOf: string, nav: string, name = "One") =>
    JSON.stringify({
      batch_id: asOf,
      as_of: asOf,
      funds: [{
        ...GOOD,
        name,
        prices: [{ date: "2026-01-01", nav }, { date: "2026-01-02", nav: "x" }],
      }],
    });
  const load = async (file: string, text: string) => {
    await world.write(file, text);
    const { code, stderr } = await world.load(world.folder);
    equal(code, 0, stderr);
    const tables = ["* from funds", "* from fund_prices", "* from fund_problems"];
    return await Promise.all(tables.map((table) => world.rows(table)));
  };
  const first = await load("1.json", batch("2026-02-01", "12345678901.000001"));
  deepEqual(first, [
    ["1|One|SEK|||2026-02-01|2026-02-01"],
    ["1|2026-01-01|12345678901.000001|2026-02-01|2026-02-01"],
    [
      '2026-02-01|funds[0].prices[1].nav|found "x", wanted decimal(18,6)|' +
      '{"date":"2026-01-02","nav":"x"}|2026-02-01',
    ],
  ]);
  deepEqual(await load("2.json", batch("2026-02-01", "12345678901.000001")), first);
  const [funds, prices] = await load("3.json", batch("2026-02-01", "7", "Eins"));
  deepEqual(funds, ["1|Eins|SEK|||2026-02-01|2026-02-01"]);
  deepEqual(prices, ["1|2026-01-01|7.000000|2026-02-01|2026-02-01"]);
  const later = await load("4.json", batch("2026-01-01", "8", "Un"));
  deepEqual(later.slice(0, 2), [funds, prices]);

  // By a query that knows of no other file, too.
  await world.write("other/5.json", batch("2026-01-15", "9", "Uno"));
  equal(
    (await world.load(`${world.folder}/other`, "--checkpoint", `${world.checkpoint}2`)).code,
    0,
  );
  deepEqual(await world.rows("* from funds"), funds);
  deepEqual(await world.rows("* from fund_prices"), prices);

  await world.write("1.json", batch("2026-02-01", "13"));
  const changed = await world.load(world.folder);
  equal(changed.code, 1);
  match(changed.stderr, /1\.json.*Write what is new as a file of another name/s);
});

Deno.test("each field that is missing, unknown or of another type is told, and leaves out its entry alone", async () => {
  await using world = await prepare();
  const fund = (id: number, more: object = {}) => ({ ...GOOD, fund_id: id, ...more });
  const header = { batch_id: "b", as_of: "2026-01-01" };
  const lines = [
    JSON.stringify({
      ...header,
      funds: [
        fund(10),
        { name: 7, currency: null, colour: "red", prices: [] },
        fund(11, { manager: { name: "x", since: "yesterday", "e mail": "?" } }),
        fund(12, { manager: "Bo" }),
        fund(13, { prices: undefined }),
        fund(10),
        "fund",
        fund(14, { name: "nul \0" }),
        fund(15, {
          prices: [
            { date: "2026-02-29", nav: "1" },
            { date: "2026-02-28", nav: "1", currency: "SEK" },
            { date: "2026-02-28", nav: "-0.000001" },
            { date: "2026-02-28", nav: "2" },
            { nav: true },
            null,
          ],
        }),
        fund(16, { fund_id: 2 ** 31 }),
      ],
    }),
    "no JSON",
    '{"batch_id":"b","funds":[]}',
    '{"batch_id":"b","as_of":"2026-01-01","funds":{}}',
    '{"batch_id":"b","as_of":"2026-01-01","fund":[]}',
    "[]",
    "",
  ];
  await world.write("1.json", lines.join("\n") + "\n");
  const { code, stderr, stdout } = await world.load(world.folder);
  equal(code, 0, stderr);
  match(stdout, /dead letters +6\n/);
  deepEqual(await world.rows("fund_id from funds"), ["10", "15"]);
  deepEqual(await world.rows("fund_id, nav from fund_prices"), ["10|1.000000", "15|-0.000001"]);
  deepEqual(await world.rows("path, problem from fund_problems"), [
    "funds[1].colour|no such field, wanted one of fund_id, name, currency, manager, prices",
    "funds[1].fund_id|is missing",
    "funds[1].name|found 7, wanted string",
    'funds[2].manager.since|found "yesterday", wanted date (YYYY-MM-DD)',
    'funds[2].manager["e mail"]|no such field, wanted one of name, since',
    'funds[3].manager|found "Bo", wanted an object',
    "funds[4].prices|is missing",
    "funds[5].fund_id|found 10, as in funds[0]",
    'funds[6]|found "fund", wanted an object',
    'funds[7].name|found "nul \\u0000", wanted text without U+0000',
    'funds[8].prices[0].date|found "2026-02-29", wanted date (YYYY-MM-DD)',
    "funds[8].prices[1].currency|no such field, wanted one of date, nav",
    "funds[8].prices[3].date|the same as in funds[8].prices[2]",
    "funds[8].prices[4].date|is missing",
    "funds[8].prices[4].nav|found true, wanted decimal(18,6)",
    "funds[8].prices[5]|found null, wanted an object",
    "funds[9].fund_id|overflow: found 2147483648, wanted integer",
  ]);
  const dead = await world.rows(`"offset", error from dead_letters`);
  deepEqual(dead.map((row) => row.replace(/(not JSON): .*/, "$1")), [
    "1|not JSON",
    "2|as_of is missing",
    "3|funds: found an object, wanted an array",
    "4|fund: no such field, wanted one of batch_id, as_of, funds",
    "5|found an array, wanted an object",
    "6|not JSON",
  ]);
});

Deno.test("killed at any time, the tables are what the batches say, the newest of each key", async () => {
  await using world = await prepare();
  const random = new Random(20260131);
  const funds = new Map<string, string>();
  const prices = new Map<string, string>();
  for (let file = 0; file < 6; file++) {
    const lines = Array.from({ length: 30 }, (_, line) => {
      const day = `2026-01-${String(1 + random.integer(0, 27)).padStart(2, "0")}`;
      const id = `${file}/${line}`;
      const entries = Array.from({ length: 8 }, (_, i) => {
        const fundId = i * 10 + random.integer(0, 9);
        const nav = `${random.integer(0, 10 ** 9)}.${
          String(random.integer(0, 999_999)).padStart(6, "0")
        }`;
        const date = `2025-12-${String(10 + random.integer(0, 9))}`;
        const isGood = random.integer(0, 9) > 0;
        newer(funds, String(fundId), `${fundId}|Fund ${nav}|${day}|${id}`, day);
        if (isGood) {
          newer(prices, `${fundId}|${date}`, `${fundId}|${date}|${nav}|${day}|${id}`, day);
        }
        return {
          fund_id: fundId,
          name: `Fund ${nav}`,
          prices: [{ date, nav: isGood ? nav : `${nav}1` }],
        };
      });
      return JSON.stringify({ batch_id: id, as_of: day, funds: entries });
    });
    await world.write(`${file}.json`, lines.join("\n"));
    if (file < 5) await world.killedAfter(file * 3 + 1, "--maxOffsetsPerTrigger", "7");
  }
  const { code, stderr } = await world.load(world.folder);
  equal(code, 0, stderr);
  deepEqual(await world.rows("fund_id, name, as_of, batch_id from funds"), rowsOf(funds));
  deepEqual(
    await world.rows("fund_id, price_date, nav, as_of, batch_id from fund_prices"),
    rowsOf(prices),
  );
  const [bad] = await world.rows("count(*) from fund_problems");
  ok(Number(bad) > 50, `${bad} problems`);

  function newer(table: Map<string, string>, key: string, row: string, day: string): void {
    const dayOf = (text: string) => text.split("|").at(-2)!;
    if (!table.has(key) || dayOf(table.get(key)!) <= day) table.set(key, row);
  }
  function rowsOf(table: Map<string, string>): string[] {
    return [...table.values()].sort();
  }
});

Deno.test("--help tells every flag, and what is wrong is refused by name", async () => {
  const run = (...flags: string[]) => command(flags, {}).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const { code, stdout } = await run("--help");
  equal(code, 0);
  const told = [...text(stdout).matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag);
  deepEqual(told, [
    "--follow",
    "--trigger",
    "--maxOffsetsPerTrigger",
    "--checkpoint",
    "--metrics-port",
    "--json",
    "--help",
  ]);
  const wrong = await run("a", "b");
  equal(wrong.code, 2);
  match(text(wrong.stderr), /at "b": found a second path, wanted one file or folder/);
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface World extends AsyncDisposable {
  /** Where batches are written. */
  readonly folder: string;
  readonly checkpoint: string;
  write(file: string, text: string): Promise<void>;
  /** Runs the command to its end. */
  load(...args: string[]): Promise<Ended>;
  /** Runs the command on the folder and kills it when it has told of so many batches. */
  killedAfter(batches: number, ...flags: string[]): Promise<void>;
  /** What a select gives, a text a row, as psql would show them; sorted. */
  rows(select: string): Promise<string[]>;
}

async function prepare(): Promise<World> {
  const { databaseUrl: serverUrl } = await testStack();
  const temp = await tempFolder();
  const name = `funds_load_${crypto.randomUUID().slice(0, 8)}`;
  await temp.write("none.sql", "select 1");
  const schemaPath = `${temp.path}/none.sql`;
  const databaseUrl = await postgresSource({ serverUrl, name, schemaPath });
  const checkpoint = `${temp.path}/checkpoint`;
  const spawn = (args: readonly string[]) => {
    const own = args.includes("--checkpoint") ? [] : ["--checkpoint", checkpoint];
    return command([...args, ...own], { DATABASE_URL: databaseUrl }).spawn();
  };
  const folder = `${temp.path}/batches`;
  return {
    folder,
    checkpoint,
    write: (file, text) => temp.write(`batches/${file}`, text),
    async load(...args) {
      const { code, stdout, stderr } = await spawn(args).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return { code, stdout: text(stdout), stderr: text(stderr) };
    },
    async killedAfter(batches, ...flags) {
      const child = spawn([folder, ...flags]);
      const stderr = new Response(child.stderr).text();
      let printed = "";
      for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
        printed += part;
        if (printed.split("batchId ").length <= batches) continue;
        child.kill("SIGKILL");
        break;
      }
      equal((await child.status).signal, "SIGKILL", `it ended by itself: ${await stderr}`);
    },
    rows: (select) =>
      withSql(databaseUrl, async (sql) => {
        const rows = await sql.unsafe(`select array(select coalesce(value, '') from
          json_each_text(to_json(t))) as texts from (select ${select}) as t`);
        return rows.map(({ texts }) => texts.join("|")).sort();
      }),
    async [Symbol.asyncDispose]() {
      await withSql(serverUrl, (sql) => sql`drop database ${sql(name)} with (force)`);
      await temp[Symbol.asyncDispose]();
    },
  };
}

function command(args: readonly string[], env: Record<string, string>): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "pipelines/funds_load.ts", ...args],
    cwd: checkout,
    env,
    stdout: "piped",
    stderr: "piped",
  });
}
