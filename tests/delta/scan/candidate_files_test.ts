import { deepEqual, equal } from "assert";
import type { AddFile } from "../../../lib/delta/mod.ts";
import { candidateFiles, wouldRead } from "../../../lib/delta/scan/candidate_files.ts";
import type { FieldJson } from "../../../lib/delta/protocol/schema_json.ts";
import { bindPredicate } from "../../../lib/sql/mod.ts";
import { field, layoutOf } from "../../support/table_layouts.ts";

/** A column, statistics of a file as JSON, and what they say of conditions. */
interface Judged {
  readonly title: string;
  readonly column: FieldJson;
  readonly stats: string;
  readonly all?: readonly string[];
  readonly some?: readonly string[];
  readonly none?: readonly string[];
}

const bounds = (min: string, max: string, rest = '"nullCount":{"c":0}') =>
  `{"numRecords":10,"minValues":{"c":${min}},"maxValues":{"c":${max}},${rest}}`;

const JUDGED: readonly Judged[] = [
  {
    title: "longs to the last digit",
    column: field("c", "long"),
    stats: bounds("9007199254740993", "9007199254740995"),
    all: ["c >= 9007199254740993", "c < 9007199254740996"],
    some: ["c = 9007199254740994", "c <= 9007199254740993"],
    none: ["c < 9007199254740993", "c = 9007199254740992", "c > 9007199254740995"],
  },
  {
    title: "decimals to the last digit",
    column: field("c", "decimal(38,10)"),
    stats: bounds("1234567890123456789.0000000001", "1234567890123456789.0000000003"),
    some: ["c = 1234567890123456789.0000000002"],
    none: ["c < 1234567890123456789.0000000001", "c > 1234567890123456789.0000000003"],
  },
  {
    title: "times that were cut to milliseconds",
    column: field("c", "timestamp"),
    stats: bounds('"2024-05-01T00:00:00.000Z"', '"2024-05-01T00:00:00.123Z"'),
    some: ["c > TIMESTAMP '2024-05-01 00:00:00.1235Z'"],
    none: ["c > TIMESTAMP '2024-05-01 00:00:00.125Z'", "c < TIMESTAMP '2024-05-01 00:00:00Z'"],
  },
  {
    title: "times in another zone",
    column: field("c", "timestamp"),
    stats: bounds('"2024-05-01T02:00:00.000+02:00"', '"2024-05-01T02:00:00.000+02:00"'),
    none: ["c > TIMESTAMP '2024-05-01 01:00:00Z'"],
  },
  {
    title: "texts that were cut",
    column: field("c", "string"),
    stats: bounds('"aa"', '"ac"'),
    all: ["c >= 'aa'"],
    some: ["c = 'ab and more'", "c LIKE 'ab%'"],
    none: ["c < 'aa'", "c > 'ac'", "c LIKE 'b%'"],
  },
  {
    title: "bounds of a float that has been widened to a double",
    column: field("c", "double"),
    // As doubles, the floats 0.1 and 0.7 are 0.10000000149011612 and 0.699999988079071.
    stats: bounds("0.7", "0.7"),
    some: ["c < 0.7D", "c = 0.699999988079071D"],
    none: ["c < 0.69D", "c = 0.6999D"],
  },
  {
    title: "upper bounds of such a float",
    column: field("c", "double"),
    stats: bounds("0.1", "0.1"),
    some: ["c = 0.10000000149011612D"],
    none: ["c = 0.1001D"],
  },
  {
    title: "bounds of a date that has been widened to a timestamp_ntz",
    column: field("c", "timestamp_ntz"),
    stats: bounds('"2024-05-01"', '"2024-05-02"'),
    none: ["c < TIMESTAMP_NTZ '2024-05-01 00:00:00'", "c > TIMESTAMP_NTZ '2024-05-03 00:00:00'"],
  },
  {
    title: "bounds of an integer that has been widened to a decimal",
    column: field("c", "decimal(12,2)"),
    stats: bounds("3", "7"),
    none: ["c > 7.01", "c < 2.99"],
    some: ["c > 5"],
  },
  {
    title: "nulls",
    column: field("c", "long"),
    stats: '{"numRecords":10,"nullCount":{"c":10}}',
    all: ["c IS NULL"],
    none: ["c = 1", "c IS NOT NULL"],
  },
  {
    title: "some nulls",
    column: field("c", "long"),
    stats: bounds("1", "1", '"nullCount":{"c":3}'),
    some: ["c = 1", "c IS NULL"],
    none: ["c = 2"],
  },
  {
    title: "a count of nulls under bounds that are not tight, which says nothing",
    column: field("c", "long"),
    stats: bounds("1", "9", '"nullCount":{"c":3},"tightBounds":false'),
    some: ["c IS NULL", "c IS NOT NULL"],
    none: ["c > 9"],
  },
  {
    title: "physical names",
    column: field("c", "long", {
      "delta.columnMapping.id": 1,
      "delta.columnMapping.physicalName": "col-1",
    }),
    stats: '{"numRecords":1,"minValues":{"col-1":5,"c":100},"maxValues":{"col-1":6,"c":100}}',
    some: ["c = 5"],
    none: ["c = 100"],
  },
  {
    title: "nothing, where there are no statistics",
    column: field("c", "long"),
    stats: '{"numRecords":10}',
    some: ["c = 1", "c IS NULL"],
  },
  ...["not JSON", "[]", "null", '{"minValues":7,"maxValues":[1]}', bounds('"x"', "{}")].map(
    (stats) => ({
      title: `nothing, where they are ${stats}`,
      column: field("c", "long"),
      stats,
      some: ["c = 1"],
    }),
  ),
];

for (const { title, column, stats, all = [], some = [], none = [] } of JUDGED) {
  Deno.test(`candidateFiles() goes by ${title}`, () => {
    const isMapped = "delta.columnMapping.id" in column.metadata;
    const layout = layoutOf(
      "table",
      [column],
      [],
      isMapped ? { "delta.columnMapping.mode": "name" } : {},
    );
    const judge = (where: string) =>
      candidateFiles(layout, [addFile({ stats })], bindPredicate(where, layout.schema))
        .map(({ match }) => match)[0] ?? "none";
    for (const where of all) equal(judge(where), "all", where);
    for (const where of some) equal(judge(where), "some", where);
    for (const where of none) equal(judge(where), "none", where);
  });
}

Deno.test("candidateFiles() goes by fields of structs", () => {
  const layout = layoutOf("table", [
    field("s", { type: "struct", fields: [field("a", "long"), field("b", "string")] }),
  ]);
  const stats = '{"numRecords":2,"minValues":{"s":{"a":1}},"maxValues":{"s":{"a":2}}}';
  const found = (where: string) =>
    candidateFiles(layout, [addFile({ stats })], bindPredicate(where, layout.schema)).length;

  deepEqual([found("s.a = 2"), found("s.a = 3"), found("s.b = 'x'")], [1, 0, 1]);
});

Deno.test("candidateFiles() takes a file with deleted rows to hold nulls unless none ever were", () => {
  const layout = layoutOf("table", [field("c", "long")]);
  const deletionVector = {
    storageType: "u",
    pathOrInlineDv: "ab^-aqEH.-t@S}K{vb[*k^",
    sizeInBytes: 1,
    cardinality: 1,
  };
  const match = (nulls: number) => {
    const stats = bounds("1", "9", `"nullCount":{"c":${nulls}}`);
    const file = addFile({ stats, deletionVector });
    return candidateFiles(layout, [file], bindPredicate("c IS NOT NULL", layout.schema))[0]?.match;
  };
  deepEqual([match(0), match(3), match(10)], ["all", "some", undefined]);
});

Deno.test("candidateFiles() leaves out other partitions, and all rows of a partition match", () => {
  const layout = layoutOf("table", [field("day", "date"), field("c", "long")], ["day"]);
  const files = ["2024-01-01", "2024-01-02", null].map((day) =>
    addFile({ path: `day=${day}`, partitionValues: { day } })
  );
  const found = (where: string) =>
    candidateFiles(layout, files, bindPredicate(where, layout.schema))
      .map(({ file, match }) => `${file.path} ${match}`);

  deepEqual(found("day = '2024-01-01'"), ["day=2024-01-01 all"]);
  deepEqual(found("day IS NULL"), ["day=null all"]);
  deepEqual(found("day > '2024-01-01' AND c > 5"), ["day=2024-01-02 some"]);
});

Deno.test("wouldRead() goes by partitions only", () => {
  const layout = layoutOf("table", [field("p", "string"), field("c", "long")], ["p"]);
  const file = (p: string) => addFile({ partitionValues: { p }, stats: bounds("1", "2") });
  const reads = (where: string | undefined, p: string) =>
    wouldRead(layout, where === undefined ? undefined : bindPredicate(where, layout.schema))(
      file(p),
    );

  deepEqual([reads("p = 'a'", "a"), reads("p = 'a'", "b")], [true, false]);
  deepEqual([reads("c = 9", "a"), reads("p = 'a' AND c = 9", "b")], [true, false]);
  equal(reads(undefined, "b"), true);
});

function addFile(file: Partial<AddFile>): AddFile {
  return {
    path: "a.parquet",
    partitionValues: {},
    size: 1,
    modificationTime: 0,
    dataChange: true,
    ...file,
  };
}
