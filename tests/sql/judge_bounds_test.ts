import { deepEqual, equal, ok } from "assert";
import { Batch, type Column, schema as s } from "../../lib/core/mod.ts";
import {
  bindPredicate,
  type ColumnBounds,
  formatLiteral,
  judgeBounds,
  type Judgement,
} from "../../lib/sql/mod.ts";
import { Random } from "../support/random.ts";

const File = s.struct({
  id: s.long().nullable(),
  n: s.integer().nullable(),
  t: s.string().nullable(),
  d: s.double().nullable(),
  flag: s.boolean().nullable(),
  day: s.date().nullable(),
  place: s.struct({ x: s.long().nullable() }).nullable(),
});

Deno.test("bounds tell the files without such rows, and those with no others", () => {
  const bounds: Readonly<Record<string, ColumnBounds>> = {
    id: { min: 10n, max: 20n, nullCount: 0, numRows: 5 },
    n: { min: 1, max: 1, nullCount: 2, numRows: 5 },
    t: { min: "BTC", max: "ETH", nullCount: 0, numRows: 5 },
    d: { min: 1, max: 2, nullCount: 0, numRows: 5 },
    flag: { nullCount: 5, numRows: 5 },
    "place.x": { min: 7n, max: 7n, nullCount: 0, numRows: 5 },
  };
  const expected: [sql: string, judgement: Judgement][] = [
    ["id > 20", "none"],
    ["id >= 20", "some"],
    ["id > 9", "all"],
    ["9 < id", "all"],
    ["id > 9.5", "all"],
    ["id = 9", "none"],
    ["id <> 9", "all"],
    ["id IN (1, 2, 30)", "none"],
    ["id IN (1, 15)", "some"],
    ["id NOT IN (1, 30)", "all"],
    ["id NOT IN (1, NULL)", "none"],
    ["id BETWEEN 10 AND 20", "all"],
    ["id BETWEEN 1 AND 9", "none"],
    ["id IS NULL", "none"],
    ["id IS NOT NULL", "all"],
    ["id <=> NULL", "none"],
    ["id <=> 30", "none"],
    ["NOT (id < 5)", "all"],
    ["id > 20 OR t > 'F'", "none"],
    ["id > 20 OR t < 'F'", "all"],
    ["id > 20 AND upper(t) = 'A'", "none"],
    ["id > 9 AND upper(t) = 'A'", "some"],
    ["n = 1", "some"],
    ["n = 2", "none"],
    ["n <> 1", "none"],
    ["n = 1 OR n IS NULL", "some"],
    ["n IS NULL", "some"],
    ["t LIKE 'A%'", "none"],
    ["t LIKE 'F%'", "none"],
    ["t LIKE 'BT%'", "some"],
    ["t NOT LIKE 'X%'", "all"],
    ["startswith(t, 'Z')", "none"],
    ["t = 'AAA'", "none"],
    ["d > 5", "some"],
    ["d < 1", "none"],
    ["d = 5", "none"],
    ["d >= 1", "all"],
    ["d <= 2", "some"],
    ["flag", "none"],
    ["NOT flag", "none"],
    ["flag IS NULL", "all"],
    ["flag = true OR flag IS NULL", "all"],
    ["day = DATE '2024-01-01'", "some"],
    ["CAST(id AS string) = '5'", "some"],
    ["place.x = 8", "none"],
    ["place.x = 7", "all"],
    ["id > n", "some"],
    ["id > place.x", "all"],
    ["id < place.x", "none"],
    ["id > NULL", "none"],
    ["true", "all"],
    ["false", "none"],
    ["1 = 2", "none"],
  ];
  for (const [sql, judgement] of expected) {
    const predicate = bindPredicate(sql, File);
    equal(judgeBounds(predicate, (path) => bounds[path.join(".")]), judgement, sql);
  }
});

Deno.test("NaN, which bounds do not tell of, is never overlooked", () => {
  const where = bindPredicate("d > 5", File);
  const known = { min: 1, max: 2, nullCount: 0, numRows: 3 };
  equal(judgeBounds(where, () => known), "some");
  equal(judgeBounds(where, () => ({ ...known, nanCount: 0 })), "none");
  equal(judgeBounds(bindPredicate("d < 5", File), () => known), "some");
  equal(judgeBounds(bindPredicate("d < 5", File), () => ({ ...known, nanCount: 0 })), "all");
  equal(judgeBounds(where, () => ({ ...known, max: NaN, nanCount: 0 })), "some");
});

Deno.test("a text bound that was cut short is still a bound", () => {
  const cut = { min: "aaa", max: "aab", nullCount: 0, numRows: 2 };
  equal(judgeBounds(bindPredicate("t = 'aaa'", File), () => cut), "some");
  equal(judgeBounds(bindPredicate("t LIKE 'aaa%'", File), () => cut), "some");
  equal(judgeBounds(bindPredicate("t LIKE 'aa%'", File), () => cut), "all");
  equal(judgeBounds(bindPredicate("t > 'aab'", File), () => cut), "none");
});

Deno.test("of two tables only the one asked about is judged", () => {
  const where = bindPredicate("target.id = source.id AND target.n > 5", {
    target: File,
    source: File,
  });
  const asked: string[] = [];
  const judgement = judgeBounds(where, ([column], qualifier) => {
    asked.push(`${qualifier}.${column}`);
    return qualifier === "target" ? { min: 1, max: 2 } : undefined;
  });
  equal(judgement, "none");
  deepEqual(asked, ["target.id", "source.id", "target.n"]);
});

Deno.test("a judgement never contradicts a row, for random predicates over random files", () => {
  const counts = { none: 0, some: 0, all: 0 };
  for (let seed = 1; seed <= 6000; seed++) {
    const random = new Random(seed);
    const file = randomFile(random);
    const sql = randomCondition(random, 3);
    const predicate = bindPredicate(sql, File);
    const loosen = random.integer(0, 1) === 1;
    const judgement = judgeBounds(
      predicate,
      (path) => random.integer(0, 9) === 0 ? undefined : boundsOf(file, path, loosen),
    );
    counts[judgement]++;
    const truths = predicate.evaluate(file);
    const message = `seed ${seed}: ${sql} is judged ${judgement}`;
    if (judgement === "none") ok(!truths.includes(1), message);
    if (judgement === "all") ok(truths.every((truth) => truth === 1), message);
  }
  ok(counts.none > 500 && counts.all > 200 && counts.some > 500, JSON.stringify(counts));
});

const TEXTS = ["", "a", "ab", "abc", "b", "ba", "\uff5e", "\u{1f600}"];
const DOUBLES = [-1, 0, -0, 1, 2.5, NaN, Infinity];

function randomValue(random: Random, name: string): unknown {
  switch (name) {
    case "id":
      return BigInt(random.integer(-3, 3));
    case "n":
    case "day":
      return random.integer(-3, 3);
    case "t":
      return random.pick(TEXTS);
    case "d":
      return random.pick(DOUBLES);
    case "flag":
      return random.integer(0, 1) === 1;
    default:
      return { x: random.integer(0, 3) === 0 ? null : BigInt(random.integer(-3, 3)) };
  }
}

/** A few rows, some columns of which hold but one value or none. */
function randomFile(random: Random): Batch {
  const batch: Batch = new Batch(File);
  const kinds = File.fields.map(() => random.integer(0, 5));
  const firsts = File.fields.map(({ name }) => randomValue(random, name));
  for (let rows = random.integer(1, 4); rows > 0; rows--) {
    batch.append(Object.fromEntries(
      File.fields.map(({ name }, i) => {
        const kind = kinds[i]!;
        if (kind === 0 || (kind === 1 && random.integer(0, 1) === 0)) return [name, null];
        return [name, kind <= 3 ? firsts[i] : randomValue(random, name)];
      }),
    ));
  }
  return batch;
}

/** What statistics would say, found by asking SQL for the order of every pair of rows. */
function boundsOf(file: Batch, path: readonly string[], loosen: boolean): ColumnBounds {
  const values = file.columns.length === 0 ? [] : valuesAt(file, path);
  const present = values.filter((value) => value !== null && !Number.isNaN(value));
  const counts = {
    nullCount: values.filter((value) => value === null).length,
    numRows: values.length,
    ...(path[0] === "d" && !loosen
      ? { nanCount: values.filter((value) => Number.isNaN(value)).length }
      : {}),
  };
  if (present.length === 0) return counts;
  const sorted = path[0] === "t"
    ? (present as string[]).toSorted((a, b) => codePoints(a) < codePoints(b) ? -1 : 1)
    : present.toSorted((a, b) => Number(a) - Number(b));
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (!loosen || path[0] !== "t") return { ...counts, min, max };
  return { ...counts, min: String(min).slice(0, 1), max: `${max}\u{10ffff}` };
}

function valuesAt(file: Batch, path: readonly string[]): unknown[] {
  const [name = "", field] = path;
  const column: Column = file.column(name);
  return Array.from({ length: file.numRows }, (_, row) => {
    const value = column.get(row);
    if (field === undefined || value === null) return value;
    return (value as Readonly<Record<string, unknown>>)[field];
  });
}

/** Text whose UTF-16 order is that of the code points. */
function codePoints(text: string): string {
  return [...text].map((char) => (char.codePointAt(0) ?? 0).toString(16).padStart(6, "0")).join();
}

function randomCondition(random: Random, depth: number): string {
  if (depth > 0 && random.integer(0, 2) > 0) {
    const left = randomCondition(random, depth - 1);
    switch (random.integer(0, 2)) {
      case 0:
        return `NOT (${left})`;
      case 1:
        return `(${left} AND ${randomCondition(random, depth - 1)})`;
      default:
        return `(${left} OR ${randomCondition(random, depth - 1)})`;
    }
  }
  const field = random.pick(File.fields);
  const isNested = typeof field.type === "object";
  const column = isNested ? "place.x" : field.name;
  const literal = (): string => {
    if (random.integer(0, 9) === 0) return "NULL";
    if (isNested) return String(random.integer(-3, 3));
    if (field.name === "n" && random.integer(0, 2) === 0) return `${random.integer(-3, 3)}.5`;
    return formatLiteral(randomValue(random, field.name), field.type);
  };
  switch (random.integer(0, 8)) {
    case 0:
      return `${column} IS NULL`;
    case 1:
      return `${column} IN (${literal()}, ${literal()})`;
    case 2:
      return `${column} BETWEEN ${literal()} AND ${literal()}`;
    case 3:
      return `t LIKE ${
        formatLiteral(`${random.pick(TEXTS)}${random.pick(["%", "", "_%"])}`, "string")
      }`;
    case 4:
      return random.pick(["flag", "id > n", "id = place.x", "d < n", "n <=> id", "id + 1 > 0"]);
    default:
      return `${column} ${random.pick(["=", "<>", "<", "<=", ">", ">=", "<=>"])} ${literal()}`;
  }
}
