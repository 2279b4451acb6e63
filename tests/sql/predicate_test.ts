import { deepEqual, equal } from "assert";
import { Batch, Decimal, Schema, schema as s } from "../../lib/core/mod.ts";
import { bindPredicate, formatLiteral } from "../../lib/sql/mod.ts";
import { randomRow } from "../core/random_values.ts";
import { Random } from "../support/random.ts";

type Truth = true | false | null;
const TRUTHS: readonly Truth[] = [true, false, null];

const Flags = s.struct({ a: s.boolean().nullable(), b: s.boolean().nullable() });

/** Every pair of truths: nine rows. */
function allPairs(): Batch {
  const batch: Batch = new Batch(Flags);
  for (const a of TRUTHS) for (const b of TRUTHS) batch.append({ a, b });
  return batch;
}

function truths(sql: string, batch: Batch): Truth[] {
  return [...bindPredicate(sql, batch.schema).evaluate(batch)].map((code) => {
    return code === 2 ? null : code === 1;
  });
}

Deno.test("AND, OR and NOT have three values, over columns and row by row", () => {
  const batch = allPairs();
  const pairs = TRUTHS.flatMap((a) => TRUTHS.map((b) => [a, b] as const));
  const and = pairs.map(([a, b]) =>
    a === false || b === false ? false : a === null || b === null ? null : true
  );
  const or = pairs.map(([a, b]) =>
    a === true || b === true ? true : a === null || b === null ? null : false
  );
  const not = pairs.map(([a]) => a === null ? null : !a);
  // A comparison with a literal goes over the column; `coalesce` is read row by row.
  const forms = [
    ["a = true", "b = true"],
    ["a", "b"],
    ["coalesce(a)", "b <> false"],
    ["true = a", "if(true, b, b)"],
  ];
  for (const [a, b] of forms) {
    deepEqual(truths(`${a} AND ${b}`, batch), and, `${a} AND ${b}`);
    deepEqual(truths(`${a} OR ${b}`, batch), or, `${a} OR ${b}`);
    deepEqual(truths(`NOT (${a})`, batch), not, `NOT ${a}`);
    deepEqual(truths(`NOT (NOT (${a}) OR NOT (${b}))`, batch), and);
  }
  deepEqual(
    truths("a <=> b", batch),
    pairs.map(([a, b]) => a === b),
  );
  deepEqual(truths("a IS NULL", batch), pairs.map(([a]) => a === null));
  deepEqual(truths("a IN (true, NULL)", batch), pairs.map(([a]) => a === true ? true : null));
  deepEqual(truths("NULL", batch), pairs.map(() => null));
});

Deno.test("64-bit integers and decimals are compared to the last digit", () => {
  const Exact = s.struct({ id: s.long(), huge: s.decimal(38, 10), price: s.decimal(18, 8) });
  const batch: Batch = new Batch(Exact);
  const huge = Decimal.parse("1234567890123456789012345678.0123456789");
  batch.append({ id: 9007199254740993n, huge, price: Decimal.parse("0.00000001") });
  batch.append({ id: 9007199254740992n, huge: Decimal.parse("0"), price: Decimal.parse("-1") });
  batch.append({ id: -(2n ** 63n), huge: huge.minus(huge).minus(huge), price: Decimal.parse("1") });
  const expected: [sql: string, rows: number[]][] = [
    ["id = 9007199254740993", [0]],
    ["9007199254740993 > id", [1, 2]],
    ["id > 9007199254740992.5", [0]],
    ["id = 9007199254740992.5", []],
    ["id <> 9007199254740992.5", [0, 1, 2]],
    ["id = -9223372036854775808", [2]],
    ["id < 9223372036854775808", [0, 1, 2]],
    ["id > -9223372036854775809", [0, 1, 2]],
    ["huge = 1234567890123456789012345678.0123456789", [0]],
    ["huge > 1234567890123456789012345678", [0]],
    ["huge < 123456789012345678901234567.01234567891", [1, 2]],
    ["huge < -0.00000000001", [2]],
    ["huge <= -1234567890123456789012345678.0123456789", [2]],
    ["huge < 0", [2]],
    ["price > 0", [0, 2]],
    ["price > 0.000000001", [0, 2]],
    ["price < 0.000000011", [0, 1]],
    ["price >= 1", [2]],
    ["price IN (1, -1.000)", [1, 2]],
  ];
  for (const [sql, rows] of expected) {
    deepEqual([...bindPredicate(sql, Exact).select(batch)], rows, sql);
  }
});

Deno.test("NaN equals NaN and is greatest, 0 equals -0, and texts are ordered by code point", () => {
  const Odd = s.struct({ d: s.double(), t: s.string() });
  const batch: Batch = new Batch(Odd);
  const rows: [number, string][] = [[NaN, "\u{1f600}"], [Infinity, "\uff5e"], [-0, "a"], [0, ""]];
  for (const [d, t] of rows) batch.append({ d, t });
  const expected: [sql: string, rows: number[]][] = [
    ["d > 1", [0, 1]],
    ["d = d", [0, 1, 2, 3]],
    ["d = CAST('NaN' AS double)", [0]],
    ["d < CAST('NaN' AS double)", [1, 2, 3]],
    ["d <= CAST('Infinity' AS double)", [1, 2, 3]],
    ["d = 0", [2, 3]],
    ["d = -0D", [2, 3]],
    ["t > '\uff5e'", [0]],
    ["concat(t, '') > '\uff5e'", [0]],
    ["t < '\u{1f600}'", [1, 2, 3]],
    ["t >= 'a'", [0, 1, 2]],
    ["t = ''", [3]],
  ];
  for (const [sql, wanted] of expected) {
    deepEqual([...bindPredicate(sql, Odd).select(batch)], wanted, sql);
  }
});

Deno.test("a comparison over a column agrees with the same one row by row, for random values", () => {
  const Everything = s.struct({
    text: s.string().nullable(),
    bytes: s.binary().nullable(),
    flag: s.boolean().nullable(),
    tiny: s.byte().nullable(),
    middle: s.integer().nullable(),
    big: s.long().nullable(),
    rough: s.float().nullable(),
    fine: s.double().nullable(),
    price: s.decimal(18, 8).nullable(),
    huge: s.decimal(38, 18).nullable(),
    day: s.date().nullable(),
    at: s.timestamp().nullable(),
    wall: s.timestampNtz().nullable(),
  });
  let compared = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    const batch: Batch = new Batch(Everything);
    for (let i = 0; i < 25; i++) batch.append(randomRow(random, Everything.fields));
    for (const { name, type } of Everything.fields) {
      const value = batch.column(name).get(random.integer(0, 24));
      const literal = formatLiteral(value, type);
      for (const operator of ["=", "<>", "<", "<=", ">", ">=", "<=>"]) {
        const over = truths(`${name} ${operator} ${literal}`, batch);
        const mirrored = truths(`NOT (NOT ${literal} ${MIRRORED[operator]} ${name})`, batch);
        const byRow = truths(`coalesce(${name}) ${operator} ${literal}`, batch);
        deepEqual(over, byRow, `seed ${seed}: ${name} ${operator} ${literal}`);
        deepEqual(mirrored, byRow, `seed ${seed}: ${literal} mirrored ${operator} ${name}`);
        compared++;
      }
      const other = formatLiteral(batch.column(name).get(0), type);
      const list = `(${literal}, ${other})`;
      deepEqual(
        truths(`${name} IN ${list}`, batch),
        truths(`coalesce(${name}) IN ${list}`, batch),
        `seed ${seed}: ${name} IN ${list}`,
      );
    }
  }
  equal(compared, 40 * 13 * 7);
});

const MIRRORED: Readonly<Record<string, string>> = {
  "=": "=",
  "<>": "<>",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
  "<=>": "<=>",
};

Deno.test("a value below a null struct is not seen, whatever the file holds there", () => {
  const Inner = s.struct({ x: s.long().nullable() });
  const Outer = s.struct({ place: Inner.nullable() });
  const batch: Batch = new Batch(Outer);
  batch.append({ place: { x: 1n } });
  batch.append({ place: { x: 2n } });
  // As a file may be decoded: the struct is null, its child is not.
  const place = batch.column("place");
  place.validity = Uint8Array.of(0, 1);
  place.nullCount = 1;
  deepEqual(truths("place.x > 0", batch), [null, true]);
  deepEqual(truths("place.x IS NULL", batch), [true, false]);
});

Deno.test("LIKE matches whole characters and takes wildcards apart", () => {
  const batch: Batch = new Batch(
    new Schema([
      { name: "t", type: "string", nullable: false, sourceName: "t" },
    ]),
  );
  const texts = ["", "a", "\u{1f600}", "ab", "aXbXc", "a%c", "abcabc", "a\nb"];
  for (const t of texts) batch.append({ t });
  const expected: [pattern: string, texts: string[]][] = [
    ["%", texts],
    ["_", ["a", "\u{1f600}"]],
    ["a%", ["a", "ab", "aXbXc", "a%c", "abcabc", "a\nb"]],
    ["%c", ["aXbXc", "a%c", "abcabc"]],
    ["a%b%c", ["aXbXc", "abcabc"]],
    ["%abc", ["abcabc"]],
    ["%bca%", ["abcabc"]],
    ["a\\\\%c", ["a%c"]],
    ["a_b", ["a\nb"]],
    ["", [""]],
    ["%%_%%", texts.slice(1)],
  ];
  for (const [pattern, wanted] of expected) {
    const rows = bindPredicate(`t LIKE '${pattern}'`, batch.schema).select(batch);
    deepEqual([...rows].map((row) => texts[row]), wanted, pattern);
  }
});
