import { deepEqual, equal, match, ok, rejects } from "assert";
import {
  Batch,
  onFailpoint,
  type OutputMode,
  type Schema,
  schema as s,
  type SinkWriter,
  type SluiceError,
} from "../../../lib/core/mod.ts";
import { delta, type DeltaOptions, DeltaTable } from "../../../lib/delta/mod.ts";
import { checkLog } from "../../support/check_log.ts";
import { microBatch, sinkContext } from "../../support/micro_batches.ts";
import { runPython } from "../../support/python.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Narrow = s.struct({ id: s.long(), name: s.string().nullable() });
const Wide = s.struct({
  id: s.long(),
  name: s.string().nullable(),
  note: s.string().nullable(),
  place: s.struct({ x: s.long() }).nullable(),
});
const Other = s.struct({
  id: s.long(),
  name: s.string().nullable(),
  amount: s.decimal(18, 2).nullable(),
});

const narrow = (id: number, name: string) => ({ id: BigInt(id), name });
const wide = (id: number, name: string, note: string | null, x?: number) => ({
  ...narrow(id, name),
  note,
  place: x === undefined ? null : { x: BigInt(x) },
});

/** What a table holds after rows 1 and 2 without the new columns, and then rows 2 and 3 with them. */
const ANSWERS: Record<OutputMode, string[]> = {
  append: ["1 a null null", "2 b null null", "2 B n2 null", "3 c null 3"],
  update: ["1 a null null", "2 B n2 null", "3 c null 3"],
  complete: ["2 B n2 null", "3 c null 3"],
};
const SQL = `select id, name, coalesce(note, 'null'),
  case when place is null then 'null' else cast(place['x'] as varchar) end
from t order by id, note is not null`;

const TABLES: Record<string, Readonly<Record<string, string>>> = {
  "that the query made": {},
  "with column mapping by name": { "delta.columnMapping.mode": "name" },
  "with column mapping by id": { "delta.columnMapping.mode": "id" },
  "with deletion vectors": { "delta.enableDeletionVectors": "true" },
};
for (const [what, properties] of Object.entries(TABLES)) {
  for (const mode of ["append", "update", "complete"] as const) {
    Deno.test(`delta() in ${mode} mode adds columns to a table ${what}, null in its rows`, () =>
      withTable(async (path) => {
        const isMade = Object.keys(properties).length > 0;
        if (isMade) await DeltaTable.create(path, { schema: Narrow, properties });
        const first = await open(path, Narrow, mode);
        await commit(first, 0, Narrow, [narrow(1, "a"), narrow(2, "b")]);
        await first.close();
        const before = await DeltaTable.open(path);
        const notices: string[] = [];

        const second = await open(path, Wide, mode, notices);
        const widened = await DeltaTable.open(path);
        await commit(second, 1, Wide, [wide(2, "B", "n2"), wide(3, "c", null, 3)]);
        await second.close();

        deepEqual(notices, [
          `added column "note" string to table ${path}`,
          `added column "place" struct<x:long> to table ${path}`,
        ]);
        deepEqual(await texts(path), ANSWERS[mode]);
        const columns = ["id", "name", "note", "place"];
        deepEqual(widened.schema.fields.map(({ name }) => name), columns);
        equal(widened.version, before.version + 1);
        const { schemaString, configuration, ...rest } = widened.metadata;
        deepEqual({ ...rest, schemaString: before.metadata.schemaString, configuration }, {
          ...before.metadata,
          configuration: properties["delta.columnMapping.mode"] === undefined
            ? before.metadata.configuration
            : { ...before.metadata.configuration, "delta.columnMapping.maxColumnId": "5" },
        });
        ok(schemaString.startsWith(before.metadata.schemaString.slice(0, -2)));
        equal((await widened.history())[0]?.operation, "ADD COLUMNS");
        await checkLog(path);
        const lines = (rows: unknown) => (rows as string[][]).map((row) => row.join(" "));
        deepEqual(lines(await runPython("query_duckdb.py", path, SQL)), ANSWERS[mode]);
        if (isMade) return; // what delta-rs reads of the other tables is not its own to say
        const { answers } = await runPython("read_delta.py", path, SQL) as { answers: unknown[] };
        deepEqual(lines(answers[0]), ANSWERS[mode]);
      }));
  }
}

Deno.test("delta() adds columns once: a run that crashed right behind the commit has done it", () =>
  withTable(async (path) => {
    await commit(await open(path, Narrow), 0, Narrow, [narrow(1, "a")]);
    onFailpoint((name) => {
      if (name === "delta:widened") throw new Error("crash");
    });
    await rejects(open(path, Wide), /crash/);
    onFailpoint(undefined);
    equal((await DeltaTable.open(path)).version, 1);
    const notices: string[] = [];

    const writer = await open(path, Wide, "append", notices);

    equal(await writer.lastBatchId(), 0);
    await commit(writer, 1, Wide, [wide(2, "b", "n", 1)]);
    deepEqual(notices, []);
    deepEqual(await texts(path), ["1 a null null", "2 b n 1"]);
    equal((await DeltaTable.open(path)).version, 2);
  }));

Deno.test("delta() adds each column once where many open a table at the same time", () =>
  withTable(async (path) => {
    await commit(await open(path, Narrow), 0, Narrow, [narrow(1, "a")]);
    const notices: string[] = [];

    await Promise.all(
      [Wide, Other, Wide, Other, Wide].map((schema) => open(path, schema, "append", notices)),
    );

    const { schema, version } = await DeltaTable.open(path);
    const names = schema.fields.map(({ name }) => name);
    deepEqual(names.toSorted(), ["amount", "id", "name", "note", "place"]);
    equal(version, 2);
    equal(notices.length, 3);
    await checkLog(path);
  }));

for (const mode of ["append", "update", "complete"] as const) {
  Deno.test(`delta() in ${mode} mode writes a batch once that was staged before another run added columns`, () =>
    withTable(async (path) => {
      const old = await open(path, Narrow, mode);
      await commit(old, 0, Narrow, [narrow(1, "a"), narrow(2, "b")]);
      const staged = await old.stage(microBatch(1, batchOf(Narrow, [narrow(2, "B")])));
      const current = await open(path, Wide, mode);

      equal((await staged.commit()).status, "committed");
      const again = await commit(current, 1, Wide, [wide(2, "B", "n2")]);
      await commit(current, 2, Wide, [wide(3, "c", "n3")]);

      deepEqual(again, { status: "alreadyCommitted" });
      deepEqual(
        await texts(path),
        {
          append: ["1 a null null", "2 b null null", "2 B null null", "3 c n3 null"],
          update: ["1 a null null", "2 B null null", "3 c n3 null"],
          complete: ["3 c n3 null"],
        }[mode],
      );
    }));
}

Deno.test("delta() adds columns to a table that another makes between open and the first batch", () =>
  withTable(async (path) => {
    const writer = await open(path, Wide);
    await commit(await open(path, Narrow, "append", [], "other"), 0, Narrow, [narrow(1, "a")]);

    await commit(writer, 0, Wide, [wide(2, "b", "n")]);

    deepEqual(await texts(path), ["1 a null null", "2 b n null"]);
  }));

Deno.test("delta() does not put back a column that was taken away while it runs, but when it is opened", () =>
  withTable(async (path) => {
    const properties = { "delta.columnMapping.mode": "name" };
    const table = await DeltaTable.create(path, { schema: Wide, properties });
    const writer = await open(path, Wide);
    await commit(writer, 0, Wide, [wide(1, "a", "old")]);
    await (await DeltaTable.open(path)).dropColumns(["note"]);

    await rejects(
      commit(writer, 1, Wide, [wide(2, "b", "n")]),
      refusal('column "note"', "found no such column, wanted string", "started again"),
    );
    await commit(await open(path, Wide), 1, Wide, [wide(2, "b", "n")]);

    deepEqual(await texts(path), ["1 a null null", "2 b n null"]);
    equal(table.version, 0);
  }));

Deno.test("delta() keeps what a row has in a new column, if its value did not come", () =>
  withTable(async (path) => {
    const columns = {
      id: s.long(),
      title: s.string().nullable(),
      __unavailable: s.array(s.string()),
    };
    const Before = s.struct(columns);
    const After = s.struct({ ...columns, note: s.string().nullable() });
    const row = (id: number, title: string | null, note: string | null, ...missing: string[]) => ({
      id: BigInt(id),
      title,
      note,
      __unavailable: missing,
    });
    const first = await open(path, Before, "update");
    const old = [1, 2].map((id) => ({ id: BigInt(id), title: "t", __unavailable: [] }));
    await commit(first, 0, Before, old);

    const second = await open(path, After, "update");
    await commit(second, 1, After, [row(1, null, "n", "title"), row(2, "u", null, "note")]);
    await commit(second, 2, After, [row(1, "v", null, "note"), row(3, "w", null, "note")]);

    const table = await DeltaTable.open(path);
    deepEqual(table.schema.fields.map(({ name }) => name), ["id", "title", "note"]);
    const rows = await Array.fromAsync(table.rows());
    deepEqual(rows.map(({ id, title, note }) => `${id} ${title} ${note}`).sort(), [
      "1 v n",
      "2 u null",
      "3 w null",
    ]);
  }));

Deno.test("delta() adds columns behind the one for marks, which stays as it is", () =>
  withTable(async (path) => {
    const options = { onDelete: "mark" } as const;
    const first = await open(path, Narrow, "update", [], "query-1", options);
    await commit(first, 0, Narrow, [narrow(1, "a"), narrow(2, "b")]);
    const second = await open(path, Wide, "update", [], "query-1", options);
    const deletes = batchOf(Wide, [wide(1, "a", null)]);
    const batch = microBatch(1, batchOf(Wide, [wide(3, "c", "n")]), { deletes });
    await (await second.stage(batch)).commit();
    const rows = await Array.fromAsync((await DeltaTable.open(path)).rows());
    deepEqual(rows.toSorted((a, b) => Number(a.id) - Number(b.id)), [
      { id: 1n, name: "a", deleted: true, note: null, place: null },
      { id: 2n, name: "b", deleted: false, note: null, place: null },
      { id: 3n, name: "c", deleted: false, note: "n", place: null },
    ]);
  }));

Deno.test("delta() adds nothing to a table that does not fit even so, and names the column", () =>
  withTable(async (path) => {
    const place = s.struct({ x: s.long() }).nullable();
    const columns = { id: s.long(), Name: s.string().nullable(), place };
    await DeltaTable.create(path, { schema: s.struct(columns) });
    const note = s.string().nullable();
    const refused: [Schema, string[], Partial<DeltaOptions>?][] = [
      [
        s.struct({ ...columns, note, code: s.long() }),
        [
          'column "code"',
          "found no such column, wanted long not null",
          "rows that are there would have no value for it: declare it .nullable()",
        ],
      ],
      [
        s.struct({ ...columns, note, id: s.integer() }),
        ['column "id"', "found long, wanted integer"],
      ],
      [
        s.struct({ id: s.long(), note, name: s.string().nullable() }),
        ['column "name"', 'found column "Name"'],
      ],
      [
        s.struct({ ...columns, note, place: s.struct({ x: s.long(), y: note }).nullable() }),
        [
          'column "place.y"',
          "found no such column, wanted string",
          "not added by themselves",
        ],
      ],
      [
        s.struct({ ...columns, note, code: note }),
        ['column "code"', "found no such column, wanted string", "one key"],
        { key: ["id", "code"] },
      ],
    ];
    for (const [schema, parts, options] of refused) {
      await rejects(
        open(path, schema, options ? "update" : "append", [], "q", options),
        refusal(...parts),
      );
    }
    await rejects(open(path, s.struct({ ...columns, "a b": note })), { code: "BAD_SCHEMA" });
    await (await DeltaTable.open(path)).setProperties({ "delta.appendOnly": "true" });
    await rejects(open(path, s.struct({ ...columns, note }), "update"), { code: "APPEND_ONLY" });
    equal((await DeltaTable.open(path)).version, 1);
  }));

Deno.test("delta() adds a column of a type that the table's protocol does not know yet", () =>
  withTable(async (path) => {
    await commit(await open(path, Narrow), 0, Narrow, [narrow(1, "a")]);
    const At = s.struct({ id: s.long(), at: s.timestampNtz().nullable() });

    await commit(await open(path, At), 1, At, [{ id: 2n, at: 5n }]);

    const table = await DeltaTable.open(path);
    ok(table.protocol.readerFeatures?.includes("timestampNtz"));
    const rows = await Array.fromAsync(table.rows());
    deepEqual(rows.map(({ id, name, at }) => `${id} ${name} ${at}`), ["1 a null", "2 null 5"]);
  }));

async function open(
  path: string,
  schema: Schema,
  outputMode: OutputMode = "append",
  notices: string[] = [],
  queryId = "query-1",
  options: Partial<DeltaOptions> = {},
): Promise<SinkWriter> {
  return await delta({ path, ...options }).open({
    ...sinkContext(schema, queryId),
    outputMode,
    keyColumns: outputMode === "update" ? ["id"] : [],
    onNotice: (message) => notices.push(message),
  });
}

function batchOf(schema: Schema, rows: readonly Record<string, unknown>[]): Batch {
  const batch = new Batch<Record<string, unknown>>(schema);
  for (const row of rows) batch.append(row);
  return batch;
}

async function commit(
  writer: SinkWriter,
  batchId: number,
  schema: Schema,
  rows: readonly Record<string, unknown>[],
) {
  return await (await writer.stage(microBatch(batchId, batchOf(schema, rows)))).commit();
}

async function texts(path: string): Promise<string[]> {
  const rows = await Array.fromAsync((await DeltaTable.open(path)).rows());
  return rows
    .toSorted((a, b) => Number(a.id) - Number(b.id) || (a.name! > b.name! ? -1 : 1))
    .map(({ id, name, note, place }) =>
      `${id} ${name} ${note} ${(place as { x: bigint } | null)?.x ?? null}`
    );
}

function refusal(...parts: string[]): (error: SluiceError) => boolean {
  return (error) => {
    equal(error.code, "SCHEMA_MISMATCH");
    match(error.message, /write to Delta table/);
    for (const part of parts) ok(error.message.includes(part), `"${part}" in ${error.message}`);
    return true;
  };
}

async function withTable(test: (path: string) => Promise<void>): Promise<void> {
  await using folder = await tempFolder();
  try {
    await test(`${folder.path}/lake/rows`);
  } finally {
    onFailpoint(undefined);
  }
}
