import { deepEqual } from "assert";
import { type Schema, schema as s, type TypeSpec } from "../../../lib/core/mod.ts";
import { debezium } from "../../../lib/formats/debezium/mod.ts";
import { Random } from "../../support/random.ts";
import { type ChangeRecord, decodeChanges } from "./change_records.ts";
import { COLUMN_KINDS, type ColumnKind } from "./random_columns.ts";

/** A table with columns of random kinds, and how its changes are written. */
interface Table {
  readonly columns: readonly (readonly [name: string, kind: ColumnKind, nullable: boolean])[];
  readonly hasSchema: boolean;
  readonly isFlat: boolean;
  readonly hasSpaces: boolean;
}

interface Cell {
  readonly json: string;
  readonly value: unknown;
  readonly isUnavailable?: boolean;
}

type Cells = readonly (readonly [name: string, cell: Cell])[];
type Expected = Record<string, unknown>;

function randomTable(random: Random): Table {
  const hasSchema = random.next() < 0.5;
  const names = Object.keys(COLUMN_KINDS).filter((name) =>
    hasSchema || COLUMN_KINDS[name]!.needsSchema !== true
  );
  const columns = Array.from({ length: random.integer(1, 9) }, (_, i) => {
    const kind = COLUMN_KINDS[random.pick(names)]!;
    return [`c${i}` as string, kind, random.next() < 0.7] as const;
  });
  const key = COLUMN_KINDS[random.pick(["bigint", "text", "uuid", "decimal_text"])]!;
  const at = random.integer(0, columns.length);
  return {
    columns: columns.toSpliced(at, 0, ["id", key, false]),
    hasSchema,
    isFlat: random.next() < 0.3,
    hasSpaces: random.next() < 0.2,
  };
}

function rowSchema({ columns }: Table): Schema {
  const fields: Record<string, TypeSpec<unknown>> = {};
  for (const [name, { wanted }, nullable] of columns) {
    fields[name] = nullable ? wanted.nullable() : wanted;
  }
  return s.struct(fields);
}

/** A change and the row that it is to become. */
function randomChange(random: Random, table: Table, position: number): [ChangeRecord, Expected] {
  const op = random.pick(["r", "c", "u", "d"]);
  const cells = randomCells(random, table, op);
  const after = shuffled(random, cells);
  const sourceTs = BigInt(random.integer(0, 2e12));
  const row = objectOf(after.map(([name, { json }]) => [name, json]));
  const source = {
    lsn: String(position),
    sequence: JSON.stringify(`["${position - 1}","${position}"]`),
    ts_ms: String(sourceTs),
  };
  const payload = table.isFlat
    ? objectOf([
      ...after.map(([name, { json }]) => [name, json] as const),
      ["__op", `"${op}"`],
      ["__deleted", `"${op === "d"}"`],
      ...Object.entries(source).map(([name, json]) => [`__source_${name}`, json] as const),
    ])
    : objectOf(shuffled(random, [
      ["before", op === "d" ? row : "null"],
      ["after", op === "d" ? "null" : row],
      ["source", objectOf(Object.entries({ version: '"3.5"', ...source, schema: '"public"' }))],
      ["transaction", "null"],
      ["op", `"${op}"`],
    ]));
  const value = table.hasSchema
    ? `{"schema":${JSON.stringify(connectSchema(table))},"payload":${payload}}`
    : payload;
  const digits = (at: number) => String(at).padStart(19, "0");
  const unavailable = table.columns.map(([name]) => name).filter((name) => {
    const cell = cells.find(([other]) => other === name)?.[1];
    return cell?.isUnavailable ?? (op === "d" && (cell?.value ?? null) === null);
  });
  return [{ key: null, value: table.hasSpaces ? spaced(random, value) : value }, {
    ...Object.fromEntries(table.columns.map(([name]) => [name, null])),
    ...Object.fromEntries(cells.map(([name, { value }]) => [name, value])),
    __op: op,
    __source_ts: sourceTs * 1000n,
    __position: `${digits(position - 1)}/${digits(position)}`,
    __deleted: op === "d",
    __unavailable: unavailable,
  }];
}

function randomCells(random: Random, table: Table, op: string): Cells {
  const cells: (readonly [string, Cell])[] = [];
  for (const [name, kind, nullable] of table.columns) {
    const mayLack = name !== "id" && (nullable || op === "d");
    const chance = random.next();
    if (mayLack && chance < 0.1) continue;
    const canBeUnavailable = kind.unavailable !== undefined && op !== "c" && name !== "id" &&
      !table.hasSpaces;
    const cell: Cell = mayLack && chance < 0.2
      ? { json: "null", value: null }
      : canBeUnavailable && chance < 0.4
      ? { json: kind.unavailable!, value: null, isUnavailable: true }
      : kind.make(random);
    cells.push([name, cell]);
  }
  return cells;
}

/** The schema as Connect writes it beside a record. */
function connectSchema({ columns, isFlat }: Table): unknown {
  const fields = columns.map(([field, { connect }, optional]) => ({ ...connect, optional, field }));
  if (isFlat) {
    return {
      type: "struct",
      fields: [...fields, { type: "string", field: "__op" }],
      optional: false,
    };
  }
  const row = (field: string) => ({
    type: "struct",
    fields,
    optional: true,
    name: "t.Value",
    field,
  });
  return {
    type: "struct",
    fields: [row("before"), row("after"), { type: "struct", fields: [], field: "source" }],
    optional: false,
    name: "t.Envelope",
    version: 2,
  };
}

function objectOf(members: readonly (readonly [name: string, json: string])[]): string {
  return `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  return items.map((item) => [random.next(), item] as const)
    .sort(([a], [b]) => a - b).map(([, item]) => item);
}

/** The same JSON with blanks wherever they may stand. */
function spaced(random: Random, text: string): string {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^{}[\],:"\s]+/gu)!;
  return tokens.map((token) => token + random.pick(["", " ", "\n\t"])).join("");
}

Deno.test("changes of tables with any columns are read as they were, however they are written", async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    const table = randomTable(random);
    const decoder = debezium(rowSchema(table), { key: ["id"] });
    const changes = Array.from({ length: 20 }, (_, i) => randomChange(random, table, 1000 + i));
    const { rows, errors, skipped } = await decodeChanges(
      decoder,
      changes.map(([record]) => record),
    );
    const where = `seed ${seed}`;
    deepEqual(errors, {}, where);
    deepEqual(skipped, [], where);
    deepEqual(rows.map((row) => ({ ...row })), changes.map(([, expected]) => expected), where);
  }
});

Deno.test("tables whose schema changes are read by the schema of each record", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Random(seed);
    // The same columns by name and wanted type; decimals come in another form each time.
    const forms = ["wide_decimal_text", "decimal_precise", "decimal_variable"];
    const tables = forms.map((form): Table => ({
      columns: [["id", COLUMN_KINDS.bigint!, false], ["v", COLUMN_KINDS[form]!, true]],
      hasSchema: true,
      isFlat: false,
      hasSpaces: false,
    }));
    const decoder = debezium(rowSchema(tables[0]!), { key: ["id"] });
    const changes = Array.from(
      { length: 40 },
      (_, i) => randomChange(random, random.pick(tables), 1000 + i),
    );
    const { rows, errors } = await decodeChanges(decoder, changes.map(([record]) => record));
    deepEqual(errors, {}, `seed ${seed}`);
    deepEqual(rows.map((row) => ({ ...row })), changes.map(([, expected]) => expected));
  }
});
