import { deepEqual, equal, throws } from "assert";
import { Batch, schema as s, SluiceError } from "../../../lib/core/mod.ts";
import { debezium } from "../../../lib/formats/debezium/mod.ts";
import { changeBlock, type ChangeRecord, decodeChanges } from "./change_records.ts";

const Item = s.struct({
  id: s.long(),
  note: s.string(),
  size: s.integer().nullable(),
});
const items = debezium(Item, { key: ["id"] });

const record = (value: unknown, key: unknown = null): ChangeRecord => ({
  key: key === null ? null : JSON.stringify(key),
  value: value === null ? null : JSON.stringify(value),
});

async function rowOf(...args: Parameters<typeof record>): Promise<Record<string, unknown>> {
  const { rows: [row], errors } = await decodeChanges(items, [record(...args)]);
  deepEqual(errors, {});
  return { ...row! };
}

async function errorOf(value: unknown, key: unknown = null, decoder = items): Promise<string> {
  const { rows, errors } = await decodeChanges(decoder, [record(value, key)]);
  deepEqual(rows, []);
  return errors[0]!;
}

const one = { id: 1, note: "a", size: 7 };
const ONE = { id: 1n, note: "a", size: 7 };

Deno.test("a delete tells what before has, and the other columns are unavailable", async () => {
  deepEqual(await rowOf({ op: "d", before: one, after: null }), {
    ...ONE,
    __op: "d",
    __source_ts: null,
    __position: null,
    __deleted: true,
    __unavailable: [],
  });
  // REPLICA IDENTITY DEFAULT: the key, and null or nothing for the others.
  for (const before of [{ id: 1 }, { id: 1, note: null, size: null }]) {
    const { id, note, size, __unavailable } = await rowOf({ op: "d", before, after: null });
    deepEqual([id, note, size, __unavailable], [1n, null, null, ["note", "size"]]);
  }
});

Deno.test("where before has no key, a delete has that of its record", async () => {
  const schema = {
    type: "struct",
    fields: [{ type: "int64", optional: false, field: "id" }],
    optional: false,
    name: "t.Key",
  };
  const keys = [{ id: 1 }, { schema, payload: { id: 1 } }, { schema: null, payload: { id: 1 } }, 1];
  for (const key of [...keys, { schema: { type: "int64", optional: false }, payload: 1 }]) {
    for (const before of [null, undefined, {}, { id: null, size: 7 }]) {
      const row = await rowOf({ op: "d", before, after: null }, key);
      equal(row.id, 1n, JSON.stringify([key, before]));
      equal(row.size, before?.size ?? null);
    }
  }
});

Deno.test("a delete of which no key is known is rejected", async () => {
  const gone = { op: "d", before: null, after: null };
  equal(
    await errorOf(gone),
    "found no key with the record, and no row before the change, wanted the id of the row that is gone",
  );
  equal(await errorOf(gone, {}), 'record\'s key: field "id" is missing');
  equal(await errorOf(gone, { id: null }), 'record\'s key: field "id": found null');
  equal(await errorOf(gone, "x"), 'record\'s key: field "id": found "x", wanted long');
  equal(
    await errorOf(gone, { schema: { type: "nothing known" }, payload: { id: 1.5 } }),
    'record\'s key: field "id": found 1.5, wanted long; its type is nothing known',
  );
  equal(
    await errorOf(gone, { schema: {}, payload: { id: 1 } }),
    'record\'s key: field "schema": found {}, wanted a schema of Kafka Connect',
  );
  const pair = debezium(Item, { key: ["id", "note"] });
  equal(
    await errorOf(gone, 1, pair as unknown as typeof items),
    "record's key: found 1, wanted an object with the columns of the key",
  );
  deepEqual((await decodeChanges(items, [{ key: "{", value: JSON.stringify(gone) }])).errors, {
    0: "record's key is not JSON: unexpected end at byte 1",
  });
});

Deno.test("a change of a key is a delete of the old one and a new row", async () => {
  const moved = [
    record({ op: "d", before: one, after: null }, { id: 1 }),
    record(null, { id: 1 }),
    record({ op: "c", before: null, after: { ...one, id: 2 } }, { id: 2 }),
  ];
  const { rows, skipped } = await decodeChanges(items, moved);
  deepEqual(rows.map(({ id, __op }) => `${__op} ${id}`), ["d 1", "c 2"]);
  deepEqual(skipped, [1]);
});

Deno.test("a new row without a value that an update left alone is rejected: it is lost", async () => {
  const moved = { id: 2, note: "__debezium_unavailable_value", size: 1 };
  for (const change of [{ op: "c", before: null, after: moved }, { ...moved, __op: "c" }]) {
    equal(
      await errorOf(change),
      "column note: found no value in a new row, as its key was changed by an update that left the " +
        "column alone: Debezium does not know it then, and no table has it under the new key. With " +
        "REPLICA IDENTITY FULL it is sent",
    );
  }
  deepEqual((await rowOf({ op: "u", before: null, after: moved })).__unavailable, ["note"]);
});

Deno.test("rows without envelopes need to say what happened", async () => {
  const op = async (more: object) => (await rowOf({ ...one, ...more })).__op;
  equal(await op({ __op: "c" }), "c");
  equal(await op({ __op: "r", __deleted: "false" }), "r");
  equal(await op({ __op: "d", __deleted: "true" }), "d");
  equal(await op({ __deleted: "false" }), "u");
  equal(await op({ __deleted: "true" }), "d");
  equal(await op({ __deleted: true }), "d");
  equal(
    await errorOf(one),
    "found neither op with before or after, nor __op, wanted a change of a row: records that " +
      "ExtractNewRecordState made need add.fields=op",
  );
  equal(
    await errorOf({ ...one, __op: "x" }),
    'field "__op": found "x", wanted "r", "c", "u" or "d"',
  );
});

Deno.test("members of source are found by both names that a row without envelope can have them by", async () => {
  const position = async (more: object) => (await rowOf({ ...one, __op: "u", ...more })).__position;
  const two = "0000000000000000001/0000000000000000002";
  equal(await position({ __lsn: 2, __sequence: '["1","2"]' }), two);
  equal(await position({ __source_lsn: 2, __source_sequence: '["1","2"]' }), two);
  equal(await position({ __lsn: null }), null);
  const binlog = "0000000012/0000000000000000034/0000000005";
  equal(await position({ __file: "mysql-bin.000012", __pos: 34, __row: 5 }), binlog);
  equal(
    await position({ __source_file: "a.b.12", __source_pos: 34 }),
    "0000000012/0000000000000000034/0000000000",
  );
});

Deno.test("positions are the commit before and the change, or the change alone", async () => {
  const position = async (source: object) =>
    (await rowOf({ op: "u", after: one, source })).__position;
  const own = "0000000000000000034/0000000000000000034";
  equal(
    await position({ lsn: 34, sequence: '["12","34"]' }),
    "0000000000000000012/0000000000000000034",
  );
  equal(await position({ lsn: 34, sequence: '[null,"34"]' }), own);
  equal(await position({ lsn: 34, sequence: null }), own);
  equal(await position({ lsn: 34, sequence: "" }), own);
  equal(await position({ lsn: 34, sequence: "", "1st": 1 }), own);
  equal(await position({ lsn: 34 }), own);
  equal(
    await position({ lsn: 9223372036854775807n.toString().length }),
    "0000000000000000019/0000000000000000019",
  );
  // An incremental snapshot of Postgres, one of MySQL without a log, and another database.
  equal(await position({ lsn: null, sequence: '["12","34"]' }), null);
  equal(await position({ file: "", pos: 0, row: 0 }), null);
  equal(await position({ change_lsn: "00000027:00000ac0:0002" }), null);
});

Deno.test("a position that is none is rejected", async () => {
  const error = (source: object) => errorOf({ op: "u", after: one, source });
  equal(
    await error({ lsn: "0/16B3748" }),
    'field "source.lsn": found "0/16B3748", wanted a place in the log',
  );
  equal(await error({ lsn: -1 }), 'field "source.lsn": found -1, wanted a place in the log');
  equal(
    await error({ file: "binlog.x", pos: 1, row: 0 }),
    'field "source.file": found "binlog.x", wanted a place in the log',
  );
  equal(
    await error({ file: "b.1" }),
    'field "source.file": found "b.1", wanted a place in the log',
  );
  equal(await error({ ts_ms: 1.5 }), 'field "source.ts_ms": found 1.5, wanted a time');
});

Deno.test("columns of the envelope are read from beside the row, and have to be there if not nullable", async () => {
  const decoder = debezium(Item, {
    key: ["id"],
    envelope: {
      source_system: s.string(),
      made_at: s.timestamp("ms").nullable().from("ts_ms"),
      table: s.struct({ name: s.string().from("table") }).nullable().from("source"),
    },
  });
  deepEqual(
    decoder.schema.fields.map(({ name }) => name).join(" "),
    "id note size source_system made_at table __op __source_ts __position __deleted __unavailable",
  );
  const change = { op: "c", after: one, source_system: "crm", ts_ms: 5, source: { table: "t" } };
  const { rows: [row] } = await decodeChanges(decoder, [record(change)]);
  deepEqual([row?.source_system, row?.made_at, row?.table], ["crm", 5000n, { name: "t" }]);
  const { errors } = await decodeChanges(decoder, [
    record({ op: "c", after: one }),
    record({ op: "c", after: one, source_system: 5 }),
    record({ op: "c", after: one, source_system: "x", source: {} }),
  ]);
  deepEqual(errors, {
    0: 'field "source_system" is missing',
    1: 'field "source_system": found 5, wanted string',
    2: 'field "source.table" (column table) is missing',
  });
});

Deno.test("what is no change of a row is rejected, and told from one", async () => {
  const elsewhere =
    ", wanted a change of a row: such records have a topic of their own, which is not to be read " +
    "with those of tables";
  equal(await errorOf({ ts_ms: 1 }), `found a heartbeat${elsewhere}`);
  equal(
    await errorOf({ status: "BEGIN", id: "5", event_count: null }),
    `found the begin or end of a transaction${elsewhere}`,
  );
  equal(
    await errorOf({ source: {}, ddl: "CREATE TABLE t", tableChanges: [] }),
    `found a change of a table's columns${elsewhere}`,
  );
  equal(
    await errorOf({ op: "m", source: {}, message: {} }),
    `found a message that was written into the log${elsewhere}`,
  );
  const source = { db: "shop", schema: "public", table: "items" };
  equal(
    await errorOf({ op: "t", source, before: null, after: null }),
    'op "t": table shop.public.items was emptied by truncate, which says nothing of single rows: ' +
      "those that were read before are still there",
  );
  const wanted = 'wanted "r", "c", "u" or "d"';
  equal(await errorOf({ op: "x", after: one }), `field "op": found "x", ${wanted}`);
  equal(await errorOf({ op: 5, after: one }), `field "op": found 5, ${wanted}`);
  equal(await errorOf({ op: null, after: one }), `field "op": found null, ${wanted}`);
  equal(
    await errorOf({ op: "u", before: one, after: null }),
    'op "u": found no row in "after", wanted the row as it is now',
  );
  equal(
    await errorOf({ op: "u", after: 5 }),
    'op "u": found no row in "after", wanted the row as it is now',
  );
});

Deno.test("a row has to have its key, and what is not nullable", async () => {
  const error = (after: object) => errorOf({ op: "c", after });
  equal(await error({ note: "a" }), 'field "id" is missing');
  equal(await error({ id: null, note: "a" }), 'field "id": found null, wanted long');
  equal(await error({ id: 1 }), 'field "note" is missing');
  equal(await error({ id: 1, note: null }), 'field "note": found null, wanted string');
  equal((await rowOf({ op: "c", after: { id: 1, note: "a" } })).size, null);
  equal(
    await error({ id: "__debezium_unavailable_value", note: "a" }),
    'field "id": its value did not come, wanted a key',
  );
});

Deno.test("records that are no objects, or no JSON, are rejected", async () => {
  const values = [
    "5",
    '"x"',
    "[]",
    "null",
    "",
    "{",
    '{"op":"c"',
    '{"op":"c","after":{"id":1}',
    "{} {}",
  ];
  const { rows, errors } = await decodeChanges(
    items,
    values.map((value) => ({ key: null, value })),
  );
  deepEqual(rows, []);
  deepEqual(Object.values(errors), [
    "found 5, wanted a JSON object",
    'found "x", wanted a JSON object',
    "found an array, wanted a JSON object",
    "found null, wanted a JSON object",
    "not JSON: unexpected end at byte 0",
    "not JSON: unexpected end at byte 1",
    "not JSON: unexpected end at byte 9",
    "not JSON: unexpected end at byte 26",
    'not JSON: unexpected "{" at byte 3',
  ]);
});

Deno.test("members may stand in any order, with escapes, spaces and others between them", async () => {
  const values = [
    '{ "op" : "c" , "x" : [1, {"op": "d"}], "after" : { "size" : 7 , "y":{}, "note" : "a", "id" : 1 } }',
    '{"\\u006fp":"c","after":{"\\u0069d":1,"no\\u0074e":"\\u0061","size":7}}',
    '{"after":{"id":5,"id":1,"note":"a","size":7},"op":"x","op":"c"}',
    '\n{"after":{"id":1,"note":"a","size":7},"op":"c"}\t',
    '{"schema":null,"payload":{"after":{"id":1,"note":"a","size":7},"op":"c"}}',
    '{"payload":{"after":{"id":1,"note":"a","size":7},"op":"c"},"schema":{"type":"struct","fields":[]}}',
  ];
  const { rows, errors } = await decodeChanges(
    items,
    values.map((value) => ({ key: null, value })),
  );
  deepEqual(errors, {});
  for (const { id, note, size } of rows) deepEqual({ id, note, size }, ONE);
});

Deno.test("a payload of null is a tombstone", async () => {
  deepEqual(await decodeChanges(items, [record({ schema: null, payload: null })]), {
    rows: [],
    errors: {},
    skipped: [0],
  });
});

Deno.test("a batch goes on behind the rows it has, without a trace of those that are rejected", async () => {
  const batch = new Batch(items.schema);
  const good = record({ op: "c", after: one });
  const bad = record({ op: "c", after: { id: 2, note: "b", size: "x" } });
  for (let i = 1; i <= 3; i++) {
    const noRows = await items.decode(changeBlock([bad, good, record(null), bad]), batch);
    deepEqual(noRows.map(({ index, error }) => [index, error]), [
      [0, 'field "size": found "x", wanted integer'],
      [2, undefined],
      [3, 'field "size": found "x", wanted integer'],
    ]);
    equal(batch.numRows, i);
    deepEqual([...new Set(batch.columns.map(({ length }) => length))], [i]);
  }
});

Deno.test("options that make no sense are refused", () => {
  const refused = (options: object, message: string) =>
    throws(
      () => debezium(Item, options as { key: ["id"] }),
      (error: SluiceError) => error instanceof SluiceError && error.message.includes(message),
    );
  refused({ key: [] }, 'option "key": found no column');
  refused({}, 'option "key": found no column');
  refused({ key: ["id", "id"] }, '"id" twice');
  refused({ key: ["nr"] }, 'found column "nr", wanted one of id, note, size');
  refused({ key: ["id"], keys: 1 }, 'option "keys": found no such option');
  refused({ key: ["id"], timePrecision: "s" }, 'found "s", wanted ms, us, ns');
  refused({ key: ["id"], tombstones: true }, "found true, wanted skip, delete");
  refused({ key: ["id"], unavailableValue: "" }, 'found "", wanted a text');
  refused({ key: ["id"], envelope: { __op: s.string() } }, "__op");
});
