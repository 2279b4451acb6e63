import { deepEqual, equal, ok } from "assert";
import {
  Batch,
  Decimal,
  isRejection,
  type Row,
  type Schema,
  schema as s,
} from "../../lib/core/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import { recordBlock } from "./record_block.ts";

const Trade = s.struct({
  event: s.string().from("e"),
  event_time: s.timestamp("ms").from("E"),
  symbol: s.string().from("s"),
  trade_id: s.long().from("t"),
  price: s.decimal(18, 8).from("p"),
  maker: s.boolean().from("m"),
});
const GOOD = '{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.00100000","m":true}';

Deno.test("json() fills the columns from a record, to the last digit", () => {
  deepEqual(rows(Trade, [GOOD, GOOD.replace("12345", "9007199254740993")]), [
    {
      event: "trade",
      event_time: 1672515782136000n,
      symbol: "BNBBTC",
      trade_id: 12345n,
      price: new Decimal(100000n, 8),
      maker: true,
    },
    {
      event: "trade",
      event_time: 1672515782136000n,
      symbol: "BNBBTC",
      trade_id: 9007199254740993n,
      price: new Decimal(100000n, 8),
      maker: true,
    },
  ]);
});

Deno.test("json() takes fields in any order, with spaces, and passes unknown ones over", () => {
  const shuffled = ' {"m" : true, "x":{"a":[1,{"b":"}"}]},"t":12345,\n"p":"0.00100000","q":null,' +
    '"s":"BNBBTC","E":1672515782136,"e":"trade"}\r\n';
  const [first, second, third] = rows(Trade, [GOOD, shuffled, GOOD]);
  deepEqual(second, first);
  deepEqual(third, first);
});

Deno.test("json() lets the last of several fields with one name count, as JSON.parse does", () => {
  const Id = s.struct({ id: s.long() });
  deepEqual(rows(Id, ['{"id":"text","id":1,"id":2}', '{"id":3,"\\u0069d":4}']), [
    { id: 2n },
    { id: 4n },
  ]);
  deepEqual(errors(Id, ['{"id":1,"id":null}']), ['field "id": found null, wanted long']);
});

Deno.test("json() reads a field called __proto__ like any other, and inherits nothing", () => {
  const Odd = s.struct({
    proto: s.long().nullable().from("__proto__"),
    made: s.string().nullable().from("constructor"),
  });
  const values = ['{"__proto__":7}', '{"\\u0078":1,"constructor":"me"}', "{}", '{"\\u0078":1}'];
  deepEqual(rows(Odd, values), [
    { proto: 7n, made: null },
    { proto: null, made: "me" },
    { proto: null, made: null },
    { proto: null, made: null },
  ]);
});

Deno.test("json() makes null of a missing field and of null where the schema allows it", () => {
  const Note = s.struct({ id: s.long(), note: s.string().nullable(), n: s.byte().nullable() });
  deepEqual(rows(Note, ['{"id":1}', '{"note":null,"id":2,"n":3}', '{"n":null,"id":4,"note":""}']), [
    { id: 1n, note: null, n: null },
    { id: 2n, note: null, n: 3 },
    { id: 4n, note: "", n: null },
  ]);
});

Deno.test("json() says of each bad record what is wrong, and keeps the rows around it", () => {
  const bad: [value: string | Uint8Array | null, error: string][] = [
    [null, "value is null (a tombstone)"],
    ["", "not JSON: unexpected end at byte 0"],
    ['{"e":"trade","t":}', 'not JSON: unexpected "}" at byte 17'],
    [GOOD.slice(0, -1), "not JSON: unexpected end at byte 79"],
    [GOOD + "{}", 'not JSON: unexpected "{" at byte 80'],
    [`\ufeff${GOOD}`, "not JSON: unexpected byte 0xef at byte 0"],
    [Uint8Array.of(0x7b, 0x22, 0xff, 0x22), "not JSON: unexpected byte 0xff at byte 2"],
    ['{"e":"a\u0000"}', "not JSON: unexpected byte 0x00 at byte 7"],
    [`{"x":${"[".repeat(1000)}${"]".repeat(1000)}}`, "not JSON: nested deeper than 1000 levels"],
    ["[1]", "found an array, wanted a JSON object"],
    ['"text"', 'found "text", wanted a JSON object'],
    [" null ", "found null, wanted a JSON object"],
    [GOOD.replace('"t":12345,', ""), 'field "t" (column trade_id) is missing'],
    [GOOD.replace("12345", "null"), 'field "t" (column trade_id): found null, wanted long'],
    [GOOD.replace("12345", "1.0"), 'field "t" (column trade_id): found 1.0, wanted long'],
    [GOOD.replace("12345", "1e3"), 'field "t" (column trade_id): found 1e3, wanted long'],
    [GOOD.replace("12345", '"1"'), 'field "t" (column trade_id): found "1", wanted long'],
    [
      GOOD.replace("12345", "9223372036854775808"),
      'field "t" (column trade_id): overflow: found 9223372036854775808, wanted long',
    ],
    [
      GOOD.replace('"0.00100000"', '"abc"'),
      'field "p" (column price): found "abc", wanted decimal(18,8)',
    ],
    [
      GOOD.replace("0.00100000", "0.001000001"),
      'field "p" (column price): more than 8 decimals: found "0.001000001", wanted decimal(18,8)',
    ],
    [
      GOOD.replace('"0.00100000"', "1e10"),
      'field "p" (column price): overflow: found 1e10, wanted decimal(18,8)',
    ],
    [
      GOOD.replace("1672515782136", "253402300800000"),
      'field "E" (column event_time): overflow: found 253402300800000, ' +
      "wanted timestamp (an integer of ms since 1970)",
    ],
    [
      GOOD.replace("BNBBTC", "\\udead"),
      'field "s" (column symbol): found "\\udead", wanted string (without half of a surrogate pair)',
    ],
    [GOOD.replace("true", "{}"), 'field "m" (column maker): found an object, wanted boolean'],
  ];
  const batch = new Batch(Trade);
  const block = recordBlock(bad.flatMap(([value]) => [GOOD, value]).concat(GOOD));
  deepEqual(
    json(Trade).decode(block, batch),
    bad.map(([_, error], i) => ({ index: 2 * i + 1, error })),
  );
  equal(batch.numRows, bad.length + 1);
  const [good] = rows(Trade, [GOOD]);
  for (const row of batch.rows()) deepEqual(row, good);
});

Deno.test("json() names the place within nested values", () => {
  const Order = s.struct({
    lines: s.array(s.struct({ n: s.long().from("N"), at: s.timestamp("s").nullable() })).from("l"),
    tags: s.map(s.string(), s.byte()).nullable(),
  });
  deepEqual(
    errors(Order, [
      '{"l":[{"N":1},{"N":"x"}]}',
      '{"l":[{"N":1},{}]}',
      '{"l":[null]}',
      '{"l":{}}',
      '{"l":[],"tags":{"a\\u0000":300}}',
    ]),
    [
      'field "l[1].N" (column lines): found "x", wanted long',
      'field "l[1].N" (column lines) is missing',
      'field "l[0]" (column lines): found null, wanted struct<n:long,at:timestamp>',
      'field "l" (column lines): found an object, wanted array<struct<n:long,at:timestamp>>',
      'field "tags[\\"a\\\\u0000\\"]": overflow: found 300, wanted byte',
    ],
  );
  deepEqual(rows(Order, ['{"l":[{"N":9007199254740993,"at":1}],"tags":{"__proto__":1}}']), [
    { lines: [{ n: 9007199254740993n, at: 1_000_000n }], tags: new Map([["__proto__", 1]]) },
  ]);
});

Deno.test("json() cuts huge values short in its errors", () => {
  const Id = s.struct({ id: s.long() });
  const huge = [
    "9".repeat(100_000),
    `"${"\\u0000".repeat(100_000)}"`,
    `{"${"k".repeat(100_000)}":1}`,
  ];
  for (const error of errors(Id, huge.map((value) => `{"id":${value}}`))) {
    ok(error.length < 500, error);
    ok(!error.includes("\0"));
  }
});

Deno.test("json() takes the extremes of every type, and one beyond is rejected", () => {
  const cases: [Schema<{ v: unknown }>, good: [string, unknown][], bad: string[]][] = [
    [s.struct({ v: s.byte() }), [["-128", -128], ["127", 127]], ["-129", "128"]],
    [s.struct({ v: s.short() }), [["-32768", -32768], ["32767", 32767]], ["-32769", "32768"]],
    [
      s.struct({ v: s.integer() }),
      [["-2147483648", -2147483648], ["2147483647", 2147483647], ["-0", 0]],
      ["-2147483649", "2147483648", "00", "1.5"],
    ],
    [
      s.struct({ v: s.long() }),
      [["-9223372036854775808", -(2n ** 63n)], ["9223372036854775807", 2n ** 63n - 1n]],
      ["-9223372036854775809", "9223372036854775808"],
    ],
    [
      s.struct({ v: s.double() }),
      [["-0", -0], ["1.7976931348623157e308", Number.MAX_VALUE], ["5e-324", 5e-324], ["1e-400", 0]],
      ["1e309", "-1E400", "NaN", "Infinity", '"1"'],
    ],
    [s.struct({ v: s.float() }), [["0.1", Math.fround(0.1)], ["3.4e38", Math.fround(3.4e38)]], [
      "3.5e38",
    ]],
    [
      s.struct({ v: s.decimal(38, 9) }),
      [
        ['"-99999999999999999999999999999.999999999"', new Decimal(-(10n ** 38n) + 1n, 9)],
        ["12345678901234567890.123456789", new Decimal(12345678901234567890123456789n, 9)],
        ['"1.5000000000000"', new Decimal(1500000000n, 9)],
      ],
      ["1e29", "0.0000000001", '""', '" 1"', "true"],
    ],
    [
      s.struct({ v: s.decimal(18, 0) }),
      [["999999999999999999", new Decimal(10n ** 18n - 1n, 0)], [
        "-1e17",
        new Decimal(-(10n ** 17n), 0),
      ]],
      ["1000000000000000000", "0.1"],
    ],
    [
      s.struct({ v: s.date() }),
      [['"0001-01-01"', -719162], ['"9999-12-31"', 2932896], ['"2024-02-29"', 19782]],
      ['"0000-12-31"', '"2023-02-29"', '"1900-02-29"', '"2024-1-1"', "19782"],
    ],
    [
      s.struct({ v: s.timestamp() }),
      [
        ['"0001-01-01T00:00:00Z"', -62135596800000000n],
        ['"9999-12-31T23:59:59.999999Z"', 253402300799999999n],
        ['"2024-01-01T02:00:00+02:00"', 1704067200000000n],
        ['"1969-12-31T23:59:59.999999Z"', -1n],
      ],
      ['"0001-01-01T00:00:00+01:00"', '"2024-01-01T00:00:00"', '"2024-01-01"', "1704067200000"]
        .concat(['"2024-01-01T00:00:60Z"', '"2024-01-01T00:60:00Z"', '"2024-01-01T24:00:00Z"'])
        .concat([
          '"2024-01-01T00:00:00.Z"',
          '"2024-01-01T00:00:00.1234567Z"',
          '"2023-02-29T00:00:00Z"',
        ]),
    ],
    [
      s.struct({ v: s.timestampNtz() }),
      [['"2024-01-01T00:00:00.5"', 1704067200500000n]],
      ['"2024-01-01T00:00:00Z"'],
    ],
    [
      s.struct({ v: s.timestamp("us") }),
      [["-62135596800000000", -62135596800000000n], ["253402300799999999", 253402300799999999n]],
      ["-62135596800000001", "253402300800000000", "1.5", '"2024-01-01T00:00:00Z"'],
    ],
    [s.struct({ v: s.binary() }), [['"AAEC"', Uint8Array.of(0, 1, 2)]], ['"A"', '"?"', "1"]],
    [
      s.struct({ v: s.string() }),
      [['"a\\u0000\\ud83d\\ude00"', "a\u0000😀"], ['"\ufeffzażółć"', "\ufeffzażółć"]],
      ['"\\ud83d"', "1", "true"],
    ],
    [s.struct({ v: s.boolean() }), [["true", true], ["false", false]], ["1", '"true"', "nul"]],
  ];
  for (const [schema, good, bad] of cases) {
    deepEqual(rows(schema, good.map(([v]) => `{"v":${v}}`)), good.map(([_, v]) => ({ v })));
    equal(errors(schema, bad.map((v) => `{"v":${v}}`)).length, bad.length);
  }
});

Deno.test("json() takes well-formed UTF-8 and nothing else, as TextDecoder does", () => {
  const Text = s.struct({ text: s.string() });
  const tails = [0x22, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (let lead = 0x80; lead <= 0xff; lead++) {
    const texts = tails.flatMap((second) =>
      tails.flatMap((third) => [
        [lead, second],
        [lead, second, third],
        ...[0x7f, 0x80, 0xbf, 0xc0].map((fourth) => [lead, second, third, fourth]),
      ])
    ).filter((text) => !text.includes(0x22)).map((text) => Uint8Array.from([0x61, ...text]));
    const batch = new Batch(Text);
    const [before, after] = ['{"text":"', '"}'].map((text) => new TextEncoder().encode(text));
    const values = texts.map((text) => Uint8Array.from([...before!, ...text, ...after!]));
    json(Text).decode(recordBlock(values), batch);
    const expected = texts.flatMap((text) => {
      try {
        return [strict.decode(text)];
      } catch {
        return [];
      }
    });
    deepEqual([...batch.rows()].map((row) => row.text), expected);
  }
});

Deno.test("json() adds to the rows that a batch holds already", () => {
  const batch = new Batch(Trade);
  const decoder = json(Trade);
  deepEqual(decoder.decode(recordBlock([GOOD, "{"]), batch), [
    { index: 1, error: "not JSON: unexpected end at byte 1" },
  ]);
  deepEqual(decoder.decode(recordBlock([GOOD, GOOD]), batch), []);
  equal(batch.numRows, 3);
});

function rows<S extends Schema>(schema: S, values: string[]): Row<S>[] {
  const batch = new Batch(schema);
  deepEqual(json(schema).decode(recordBlock(values), batch), []);
  return [...batch.rows()];
}

function errors(schema: Schema, values: string[]): string[] {
  const batch = new Batch(schema);
  const rejections = json(schema).decode(recordBlock(values), batch);
  ok(Array.isArray(rejections));
  equal(batch.numRows, 0);
  return rejections.filter(isRejection).map(({ error }) => error);
}
