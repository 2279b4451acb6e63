import { deepEqual, equal, throws } from "assert";
import { Batch, Decimal, schema as s } from "../../lib/core/mod.ts";
import { bindExpression, bindPredicate, formatLiteral, sql } from "../../lib/sql/mod.ts";
import { randomRow } from "../core/random_values.ts";
import { Random } from "../support/random.ts";

const Everything = s.struct({
  text: s.string(),
  bytes: s.binary(),
  flag: s.boolean(),
  tiny: s.byte(),
  small: s.short(),
  middle: s.integer(),
  big: s.long(),
  rough: s.float(),
  fine: s.double(),
  price: s.decimal(18, 8),
  huge: s.decimal(38, 18),
  day: s.date(),
  at: s.timestamp(),
  wall: s.timestampNtz(),
});

Deno.test("a literal is read back as the value it was made of, for random values of every type", () => {
  const one = new Batch(s.struct({ x: s.boolean() }));
  one.append({ x: true });
  for (let seed = 1; seed <= 100; seed++) {
    const row = randomRow(new Random(seed), Everything.fields);
    for (const { name, type } of Everything.fields) {
      const text = formatLiteral(row[name], type);
      const bound = bindExpression(text, one.schema);
      const value = bound.evaluate(one).get(0);
      if (value instanceof Decimal) {
        equal(value.compare(row[name] as Decimal), 0, `seed ${seed}: ${text}`);
      } else {
        deepEqual(bound.type, type, `seed ${seed}: ${text}`);
        deepEqual(value, row[name], `seed ${seed}: ${text}`);
      }
    }
  }
});

Deno.test("no text can end the literal it is in", () => {
  const Person = s.struct({ name: s.string() });
  const names = [
    "O'Hara",
    "\\",
    "\\'",
    "' OR 1 = 1 --",
    "''",
    "a\nb",
    "%_",
    '"',
    "\u{1f600}",
    "\0",
  ];
  const batch = new Batch(Person);
  for (const name of names) batch.append({ name });
  for (const [row, name] of names.entries()) {
    deepEqual([...bindPredicate(sql`name = ${name}`, Person).select(batch)], [row], name);
  }
  deepEqual([...bindPredicate(sql`name IN ${names}`, Person).select(batch)], [...names.keys()]);
});

Deno.test("the template writes each kind of value as its literal", () => {
  equal(
    sql`a = ${1} AND b = ${2n} AND c = ${1.5} AND d = ${true} AND e <=> ${null}`,
    "a = 1 AND b = 2L AND c = 1.5D AND d = TRUE AND e <=> NULL",
  );
  equal(sql`${Decimal.parse("1.50")}`, "1.50BD");
  equal(sql`${new Date(0)}`, "TIMESTAMP '1970-01-01T00:00:00.000Z'");
  equal(sql`${Uint8Array.of(0, 255)}`, "X'00ff'");
  equal(
    sql`${2 ** 40} ${NaN} ${2n ** 63n}`,
    "1099511627776D CAST('NaN' AS double) 9223372036854775808BD",
  );
  equal(sql`${[1, "a", null]}`, "(1, 'a', NULL)");
});

Deno.test("what has no literal is refused", () => {
  throws(() => sql`x IN ${[]}`, { code: "BAD_VALUE", message: /found an array, wanted text/ });
  throws(() => sql`x = ${new Date(NaN)}`, { code: "BAD_VALUE" });
  throws(() => formatLiteral("x", "long"), {
    code: "BAD_VALUE",
    message: /found "x", wanted a value of long, not nested/,
  });
});
