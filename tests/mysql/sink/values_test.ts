import { createConnection } from "mysql2/promise";
import { deepEqual, equal } from "assert";
import {
  Batch,
  Decimal,
  formatDateDays,
  formatTimestampMicros,
  type OutputMode,
  type Row,
  schema as s,
} from "../../../lib/core/mod.ts";
import { mysql } from "../../../lib/mysql/mod.ts";
import { MODES, rowsBatch } from "../../postgres/test_database.ts";
import { Random } from "../../support/random.ts";
import { EveryType, everyTypeBatch, type EveryTypeRow } from "../../support/sample_rows.ts";
import { hasMariadb } from "../../support/stack.ts";
import {
  contextIn,
  contextOf,
  type TestDatabase,
  withDatabase,
  withUser,
} from "../test_database.ts";

/** These need a MariaDB. */
const test = hasMariadb ? Deno.test : Deno.test.ignore;

for (const mode of MODES) {
  test(`every value of every type is in the table to the last digit, in ${mode} mode`, () =>
    withDatabase(async (db) => {
      const rows = [...everyTypeBatch(0, 40).rows()].map(finite);
      await write(db, mode, rows);
      deepEqual(await readBack(db), rows.map(expected));
    }));
}

test("values are the same after updates that count and such that come too late", () =>
  withDatabase(async (db) => {
    const rows = [...everyTypeBatch(0, 40).rows()].map(finite);
    const nulls = Object.fromEntries(EveryType.fields.map(({ name }) => [name, null]));
    const others = rows.map(({ id, at }) => ({ ...nulls, id, at }) as EveryTypeRow);
    const late = rows.filter(({ at }) => at !== null)
      .map(({ id }) => ({ ...nulls, id, text: "late" }) as EveryTypeRow);
    const writer = await mysql({ table: "t", url: db.url, orderBy: "at" })
      .open(contextIn(db, EveryType, "update"));
    for (const [batchId, batch] of [others, rows, late].entries()) {
      await (await writer.stage(rowsBatch(batchId, EveryType, batch))).commit();
    }
    await writer.close();
    deepEqual(await readBack(db), rows.map(expected));
  }));

test("random values are in the table to the last digit", () =>
  withDatabase(async (db) => {
    const rows = Array.from({ length: 500 }, (_, i) => randomRow(new Random(i), i));
    await write(db, "append", rows);
    deepEqual(await readBack(db), rows.map(expected));
  }));

test("text is what it was on a server that gives everyone another character set", () =>
  withDatabase((db) =>
    withUser(db, "", async (url) => {
      const Note = s.struct({ note: s.string() });
      const [before] = await db.rows("select @@global.init_connect");
      await db.run("set global init_connect = 'set names latin1'");
      try {
        const writer = await mysql({ table: "notes", url }).open(contextOf(db, Note));
        await (await writer.stage(rowsBatch(0, Note, [{ note: "é😀" }]))).commit();
        await writer.close();
      } finally {
        await db.run(`set global init_connect = '${before}'`);
      }
      deepEqual(await db.rows("select note from notes"), ["é😀"]);
    })
  ));

test("columns have the types that hold their values", () =>
  withDatabase(async (db) => {
    const Nested = s.struct({ tags: s.array(s.string()), prices: s.array(s.decimal(38, 9)) });
    const types = async (table: string) =>
      await db.rows(`select concat(column_name, ' ', column_type, if(is_nullable = 'NO', '!', ''))
        from information_schema.columns where table_schema = database() and table_name = '${table}'
        order by ordinal_position`);
    await (await mysql({ table: "t", url: db.url }).open(contextOf(db, EveryType))).close();
    // Only MariaDB tells how wide it would print an integer.
    deepEqual((await types("t")).map((text) => text.replace(/int\(\d+\)/, "int")), [
      ...["id bigint!", "text longtext", "bytes longblob", "flag tinyint", "tiny tinyint"],
      ...["small smallint", "medium int", "large bigint", "single float", "double double"],
      ...["price decimal(18,8)", "exact decimal(38,9)", "day date", "at datetime(6)"],
      ...["wall datetime(6)", "address longtext", "tags longtext", "counts longtext"],
    ]);
    await (await mysql({ table: "n", url: db.url }).open(contextOf(db, Nested, "q"))).close();
    // What MariaDB calls json is text that is checked; one with decimals is text everywhere.
    const checks = await db.rows(`select check_clause from information_schema.check_constraints
      where constraint_schema = database() and table_name = 'n'`);
    deepEqual(checks, ["json_valid(`tags`)"]);
    const [engine] = await db.rows(`select distinct engine from information_schema.tables
      where table_schema = database()`);
    equal(engine, "InnoDB");
  }));

test("text that is SQL stays text", () =>
  withDatabase(async (db) => {
    const Text = s.struct({ id: s.long(), text: s.string(), list: s.array(s.string()) });
    const texts = [
      "'",
      "\\",
      "\\'",
      "'); drop table t; -- ",
      "\0\x1a\n\r\t",
      '"`?',
      "𝄞",
      "%_",
      "''",
    ];
    const rows = texts.map((text, i) => ({ id: BigInt(i), text, list: [text] }));
    const writer = await mysql({ table: "t", url: db.url }).open(contextOf(db, Text));
    await (await writer.stage(rowsBatch(0, Text, rows))).commit();
    await writer.close();
    deepEqual(await db.rows("select text from t order by id"), texts);
    deepEqual(
      await db.rows("select list from t order by id"),
      texts.map((text) => JSON.stringify([text])),
    );
  }));

test("many rows are written in statements of bounded size, by key too", () =>
  withDatabase(async (db) => {
    const Count = s.struct({ id: s.long(), name: s.string(), count: s.decimal(18, 2).nullable() });
    const numRows = 100_000;
    const batchOf = (start: number) => {
      const batch = new Batch(Count, numRows);
      for (let i = start; i < start + numRows; i++) {
        batch.append({ id: BigInt(i), name: `row ${i}`, count: new Decimal(BigInt(start + i), 2) });
      }
      return batch;
    };
    const writer = await mysql({ table: "t", url: db.url }).open(contextIn(db, Count, "update"));
    for (const [batchId, start] of [0, 50_000].entries()) {
      const batch = { ...rowsBatch(batchId, Count, []), batch: batchOf(start) as unknown as Batch };
      await (await writer.stage(batch)).commit();
    }
    deepEqual(await db.rows("select count(*), min(id), max(id), sum(count) from t"), [
      `150000|0|149999|${total(50_000, 0) + total(100_000, 50_000, 50_000)}.00`,
    ]);
    await writer.close();
  }));

/** The sum of `start + shift + i` for each of `rows`, in hundredths, as whole numbers. */
function total(rows: number, start: number, shift = 0): number {
  let sum = 0;
  for (let i = start; i < start + rows; i++) sum += shift + i;
  return sum / 100;
}

async function write(db: TestDatabase, mode: OutputMode, rows: readonly EveryTypeRow[]) {
  const writer = await mysql({ table: "t", url: db.url }).open(contextIn(db, EveryType, mode));
  await (await writer.stage(rowsBatch(0, EveryType, rows))).commit();
  await writer.close();
}

/** MySQL has no numbers that are none or infinite: those rows are dead letters. */
function finite(row: EveryTypeRow): EveryTypeRow {
  const number = (value: number | null) => Number.isFinite(value) ? value : null;
  return { ...row, single: number(row.single), double: number(row.double) };
}

/** The rows through the binary protocol of another client, in the order of their ids. */
async function readBack(db: TestDatabase): Promise<unknown[]> {
  const connection = await createConnection({
    uri: db.url,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    jsonStrings: true,
    timezone: "Z",
  });
  try {
    const [rows] = await connection.execute("select *, single + 0e0 as single from t order by id");
    return (rows as Record<string, unknown>[]).map((row) => ({
      ...row,
      bytes: (row.bytes as Uint8Array | null)?.toHex() ?? null,
    }));
  } finally {
    await connection.end();
  }
}

/** A row as that client tells it. */
function expected(row: EveryTypeRow): unknown {
  const text = (value: unknown) => value === null ? null : String(value);
  // Of a whole second the protocol leaves the fraction away.
  const time = (micros: bigint | null) =>
    micros && formatTimestampMicros(micros).replace("T", " ").replace(/\.000000$/, "");
  const { address, tags, counts } = row;
  return {
    ...row,
    id: String(row.id),
    bytes: row.bytes?.toHex() ?? null,
    flag: row.flag === null ? null : Number(row.flag),
    large: text(row.large),
    price: text(row.price),
    exact: text(row.exact),
    day: row.day === null ? null : formatDateDays(row.day),
    at: time(row.at),
    wall: time(row.wall),
    address: address && JSON.stringify(address),
    tags: tags && JSON.stringify(tags),
    counts: counts &&
      `{${[...counts].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`,
  };
}

function randomRow(random: Random, id: number): Row<typeof EveryType> {
  const bits = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < 8; i++) bits.setUint8(i, random.integer(0, 255));
  const double = bits.getFloat64(0);
  const single = bits.getFloat32(0);
  const digits = (count: number) =>
    BigInt(Array.from({ length: count }, () => random.integer(0, 9)).join("")) *
    (random.next() < 0.5 ? -1n : 1n);
  const base = [...everyTypeBatch(id, 1).rows()][0]!;
  return {
    ...base,
    text: String.fromCodePoint(
      ...Array.from(
        { length: random.integer(0, 20) },
        () => random.pick([random.integer(0, 127), random.integer(0xa0, 0xd7ff), 0x1f600]),
      ),
    ),
    bytes: new Uint8Array(bits.buffer),
    large: bits.getBigInt64(0),
    single: Number.isFinite(single) && single !== 0 ? single : 1,
    // Half of them without an exponent.
    double: Number.isFinite(double) && double !== 0 && id % 2 === 0 ? double : random.next() * 1e6,
    price: new Decimal(digits(18), 8),
    exact: new Decimal(digits(38), 9),
    day: random.integer(-719_162, 2_932_896),
    at: BigInt(random.integer(-62_135_596_800_000, 253_402_300_799_999)) * 1000n +
      BigInt(random.integer(0, 999)),
  };
}
