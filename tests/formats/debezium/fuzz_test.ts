import { deepEqual, equal, ok } from "assert";
import { Batch, Column, schema as s } from "../../../lib/core/mod.ts";
import { debezium } from "../../../lib/formats/debezium/mod.ts";
import { Random } from "../../support/random.ts";
import { changeBlock, type ChangeRecord, readChanges } from "./change_records.ts";

const Fund = s.struct({
  id: s.integer(),
  name: s.string().nullable().from("fund_name"),
  currency: s.string().nullable(),
  nav: s.decimal(18, 4).nullable(),
  inception: s.date().nullable(),
  updated_at: s.timestamp().nullable(),
});
const decoder = debezium(Fund, {
  key: ["id"],
  tombstones: "delete",
  envelope: {
    source_system: s.string().nullable(),
    source: s.struct({ table: s.string().nullable(), txId: s.long().nullable() }).nullable(),
  },
});

const TOPICS = {
  postgres: "probe_finance.public.fund_metadata",
  postgres_with_schemas: "probe_env.public.fund_metadata",
  postgres_flat: "probe_flat.public.fund_metadata",
};
const PIECES = [
  ...[
    '"',
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\\",
    "null",
    "true",
    "-",
    "0",
    "1e9",
    '"op":"d"',
    "\u{1f600}",
  ],
  ...['"after":null,', '"schema":null,', '{"payload":', '"lsn":"x",', "NaN", " ", "\n", "\0"],
  ...["a", "7", "12", " ", "x y"],
];

/** A few bytes of a text changed, taken out or put in. */
function mutated(random: Random, text: string): Uint8Array {
  let bytes = new TextEncoder().encode(text);
  for (let i = random.integer(1, 2); i > 0; i--) {
    const at = random.integer(0, bytes.length);
    const to = Math.min(bytes.length, at + random.integer(0, random.next() < 0.2 ? 400 : 6));
    const put = random.next() < 0.3
      ? Uint8Array.of(random.integer(0, 255))
      : random.next() < 0.6
      ? new TextEncoder().encode(random.pick(PIECES))
      : new Uint8Array();
    bytes = Uint8Array.from([...bytes.subarray(0, at), ...put, ...bytes.subarray(to)]);
  }
  return bytes;
}

/** What JSON says, or `undefined` if it is none. */
function parsed(bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The row that a change is about, read by JSON.parse alone. */
function rowIn(json: unknown): Record<string, unknown> {
  const object = json as Record<string, Record<string, unknown>>;
  const payload = "payload" in object && !("op" in object) && !("__op" in object)
    ? object.payload as Record<string, Record<string, unknown>>
    : object;
  const isEnvelope = "op" in payload && ("after" in payload || "before" in payload);
  if (!isEnvelope) return payload;
  const isGone = payload.op as unknown === "d";
  return (isGone ? payload.before : payload.after) ?? {};
}

Deno.test("any bytes are a row or a rejection, and a row only of what JSON says", async () => {
  const records: ChangeRecord[] = [];
  for (const [file, topic] of Object.entries(TOPICS)) {
    records.push(...await readChanges(file, topic));
  }
  const values = records.map(({ value }) => value).filter((value) => value !== null);
  let rows = 0;
  let rejected = 0;
  for (let seed = 1; seed <= 2500; seed++) {
    const random = new Random(seed);
    const before = random.pick(records);
    const bytes = mutated(random, random.pick(values));
    // The keys are whole: what they say is another test's.
    const block = changeBlock([before, before, before]);
    const joined = Uint8Array.from([...block.bytes, ...bytes, ...block.bytes]);
    const valueStarts = Int32Array.of(block.valueStarts[0]!, block.bytes.length, -1);
    const valueEnds = Int32Array.of(block.valueEnds[0]!, block.bytes.length + bytes.length, -1);
    const batch = new Batch(decoder.schema);
    const noRows = await decoder.decode(
      { ...block, bytes: joined, valueStarts, valueEnds },
      batch,
    );
    for (const { error } of noRows) ok(error === undefined || error.length > 0, `seed ${seed}`);
    equal(batch.numRows + noRows.length, 3, `seed ${seed}`);
    for (const column of batch.columns) refuseRagged(column, batch.numRows, `seed ${seed}`);
    const [problem] = noRows.filter(({ index }) => index === 1);
    const json = parsed(bytes);
    if (json === undefined) ok(problem?.error !== undefined, `seed ${seed}: no JSON, but a row`);
    if (problem !== undefined) {
      rejected++;
      continue;
    }
    rows++;
    const row = batch.row(1);
    const said = rowIn(json);
    const of = (name: string) => said[name] ?? null;
    if (row.__op !== "d" || of("id") !== null) equal(row.id, of("id"), `seed ${seed}`);
    if (row.__unavailable.length > 0 && row.__op !== "d") continue;
    equal(row.currency, of("currency"), `seed ${seed}`);
    equal(row.name, of("fund_name"), `seed ${seed}`);
    const nav = of("nav");
    equal(row.nav === null ? null : Number(row.nav), nav === null ? null : Number(nav));
  }
  ok(
    rows > 300 && rejected > 300,
    `${rows} rows, ${rejected} rejected: the mutations are one-sided`,
  );
});

Deno.test("any bytes as a key are a key or a rejection", async () => {
  const records = Object.entries(TOPICS).map(([file, topic]) => readChanges(file, topic));
  const keys = (await Promise.all(records)).flat().map(({ key }) => key!);
  let good = 0;
  for (let seed = 1; seed <= 2000; seed++) {
    const random = new Random(seed);
    const key = mutated(random, random.pick(keys));
    const block = {
      ...changeBlock([{ key: null, value: null }]),
      bytes: key,
      keyStarts: Int32Array.of(0),
      keyEnds: Int32Array.of(key.length),
    };
    const batch = new Batch(decoder.schema);
    const noRows = await decoder.decode(block, batch);
    equal(batch.numRows + noRows.length, 1, `seed ${seed}`);
    const json = parsed(key) as { id?: unknown; payload?: { id?: unknown } } | undefined;
    if (noRows.length > 0) continue;
    good++;
    const id = typeof json === "number" ? json : json?.id ?? json?.payload?.id;
    // Of an integer zero has no sign.
    deepEqual(batch.row(0).id, Number(id) + 0, `seed ${seed}`);
  }
  ok(good > 100, `only ${good} of the keys are good`);
});

function refuseRagged(column: Column, numRows: number, where: string): void {
  equal(column.length, numRows, where);
  const children = Object.values(column).flat().filter((part) => part instanceof Column);
  if ("children" in column) { for (const child of children) refuseRagged(child, numRows, where); }
}
