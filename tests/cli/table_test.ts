import { deepEqual, equal, match, ok } from "assert";
import { fileURLToPath } from "node:url";
import { Decimal, schema as s } from "../../lib/core/mod.ts";
import { DeltaTable } from "../../lib/delta/mod.ts";
import { digestRows } from "../support/canonical_rows.ts";
import { tempFolder } from "../support/temp_folder.ts";

const script = fileURLToPath(new URL("../../lib/cli/table.ts", import.meta.url));

const Orders = s.struct({
  id: s.long(),
  customer: s.string().nullable(),
  amount: s.decimal(18, 2).nullable(),
  at: s.timestamp().nullable(),
  place: s.struct({ lines: s.array(s.string()).nullable() }).nullable(),
});

const rows = [
  {
    id: 9_007_199_254_740_993n,
    customer: "zażółć 日本",
    amount: Decimal.parse("1234567.50"),
    at: 1_704_067_200_000_001n,
    place: { lines: ["a", 'b"'] },
  },
  { id: 2n, customer: "line\nfeed", amount: null, at: null, place: null },
];

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a process, its output into a pipe. */
async function table(...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, ...args],
    cwd: "/",
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** What the command prints when it goes well, by line. */
async function lines(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await table(...args);
  equal(code, 0, stderr);
  return stdout.trimEnd().split("\n");
}

async function json(...args: string[]): Promise<Record<string, unknown>> {
  return JSON.parse((await lines(...args)).join("\n"));
}

/** Version 0 is empty, version 1 has both rows, version 2 lacks one. */
async function makeTable(path: string): Promise<void> {
  const orders = await DeltaTable.create(path, {
    schema: Orders,
    properties: { "delta.enableChangeDataFeed": "true" },
  });
  await orders.append(rows);
  await orders.delete({ where: "id = 2" });
}

Deno.test("table read shows rows as a table, and exactly as JSON", async () => {
  await using folder = await tempFolder();
  await makeTable(folder.path);

  deepEqual(
    (await lines(folder.path, "read", "--version", "1")).toSorted(),
    [
      "               2  line\\nfeed         null  null                         null",
      '9007199254740993  zażółć 日本  1234567.50  2024-01-01T00:00:00.000001Z  {"lines":["a","b\\""]}',
      "              id  customer         amount  at                           place",
    ].toSorted(),
  );
  deepEqual(await lines(folder.path, "read", "--json"), [
    '{"id":9007199254740993,"customer":"zażółć 日本","amount":"1234567.50",' +
    '"at":"2024-01-01T00:00:00.000001Z","place":{"lines":["a","b\\""]}}',
  ]);
  const some = ["--columns", "customer", "--where", "id < 5", "--limit", "1", "--version", "1"];
  deepEqual(await lines(folder.path, "read", "--json", ...some), ['{"customer":"line\\nfeed"}']);
});

Deno.test("table digest prints what every reader of the rows agrees on", async () => {
  await using folder = await tempFolder();
  await makeTable(folder.path);
  const { digest } = digestRows(Orders, rows);

  const line = await json(folder.path, "digest", "--version", "1");

  deepEqual(line, { version: 1, numFiles: 1, rows: 2, digest });
});

Deno.test("table history, detail and schema tell what the table is", async () => {
  await using folder = await tempFolder();
  await makeTable(folder.path);

  const history = await lines(folder.path, "history", "--json");
  deepEqual(history.map((line) => JSON.parse(line).operation), ["DELETE", "WRITE", "CREATE TABLE"]);
  const [header, newest] = await lines(folder.path, "history", "--limit", "1");
  match(header!, /^VERSION +TIMESTAMP +OPERATION +METRICS/);
  match(newest!, /^ +2 +20\d\d-.*Z +DELETE/);
  ok(newest!.length <= 120, newest);

  const detail = await json(folder.path, "detail", "--json");
  deepEqual([detail.format, detail.numFiles], ["delta", 1]);
  match((await lines(folder.path, "detail")).join("\n"), /^numFiles +1$/m);

  const schema = await json(folder.path, "schema", "--json");
  deepEqual((schema.fields as { name: string }[]).map(({ name }) => name), Object.keys(rows[0]!));
  const columns = await lines(folder.path, "schema");
  deepEqual(columns.slice(1).map((line) => line.trimEnd().split(/ {2,}(?=\S)/)), [
    ["id", "long", "not null"],
    ["customer", "string"],
    ["amount", "decimal(18,2)"],
    ["at", "timestamp"],
    ["place", "struct"],
    ["", "lines", "array<string>"],
  ]);
});

Deno.test("table diff and changes tell what lies between versions", async () => {
  await using folder = await tempFolder();
  await makeTable(folder.path);
  const orders = await DeltaTable.open(folder.path);
  await orders.addColumns([{ name: "note", type: s.string().nullable() }]);
  await orders.setProperties({ "delta.appendOnly": "true" });

  const diff = await json(folder.path, "diff", "1", "4", "--json");

  deepEqual([diff.rowsBefore, diff.rowsAfter], [2, 1]);
  deepEqual(diff.columns, ["+ note string"]);
  deepEqual(diff.properties, ["+ delta.appendOnly = true"]);
  deepEqual(diff.changes, { delete: 1 });
  match((await lines(folder.path, "diff", "0", "1")).join("\n"), /^changes +2 insert$/m);
  const changes = await lines(folder.path, "changes", "--from", "2", "--to", "2", "--json");
  equal(changes.length, 1);
  const { id, _change_type, _commit_version } = JSON.parse(changes[0]!);
  deepEqual([id, _change_type, _commit_version], [2, "delete", 2]);
});

Deno.test("table restore, optimize and vacuum look after the table", async () => {
  await using folder = await tempFolder();
  await makeTable(folder.path);

  equal((await json(folder.path, "restore", "--version", "1", "--json")).version, 3);
  equal((await DeltaTable.open(folder.path)).version, 3);
  const orders = await DeltaTable.open(folder.path);
  await orders.append([{ id: 3n }]);
  equal((await json(folder.path, "optimize", "--json")).version, 5);
  equal((await DeltaTable.open(folder.path)).files().length, 1);
  deepEqual((await json(folder.path, "vacuum", "--dry-run", "--json")).files, []);
  const { code, stderr } = await table(folder.path, "vacuum", "--retain-hours", "0");
  equal(code, 1);
  match(stderr, /^Cannot vacuum/);
});

Deno.test("table says what is wrong with its command line, and with the table", async () => {
  await using folder = await tempFolder();
  const wrong: [args: string[], message: RegExp][] = [
    [[], /found none, wanted a table's path and one of history, detail/],
    [[folder.path, "reed"], /found "reed", wanted a table's path and one of history/],
    [[folder.path, "read", "--limit", "x"], /at --limit: found "x", wanted a whole number/],
    [[folder.path, "diff", "1"], /at <to version>: found nothing/],
    [[folder.path, "diff", "1", "b"], /found "b", wanted the number of a version/],
    [[folder.path, "read", "--timestamp", "then"], /at --timestamp: found "then", wanted a time/],
  ];
  const [missing, ...outcomes] = await Promise.all([
    table(folder.path, "read"),
    ...wrong.map(([args]) => table(...args)),
  ]);
  deepEqual([missing!.code, missing!.stdout], [1, ""]);
  match(missing!.stderr, /^Cannot open a Delta table at .*: found no _delta_log with a commit\n$/);
  outcomes.forEach(({ code, stdout, stderr }, i) => {
    deepEqual([code, stdout], [2, ""]);
    match(stderr, wrong[i]![1]);
  });
});

Deno.test("table tells what it can do, and what each command can", async () => {
  for (const args of [["--help"], ["t", "-h"]]) {
    const help = await lines(...args);
    match(help.join("\n"), /^ {2}history {3}Shows what made each version/m);
  }
  for (const args of [["read", "--help"], ["t", "read", "--help"]]) {
    match((await lines(...args)).join("\n"), /deno task table <path> read \[options\]/);
  }
});
