/** A table that Spark makes; `{t}` stands for it. Its rows have an `id` each, and none twice. */
export interface SparkTable {
  readonly name: string;
  readonly statements: readonly string[];
}

const COLUMNS = "id BIGINT, kind STRING, name STRING, count INT, amount DECIMAL(18, 4), " +
  "at TIMESTAMP, place STRUCT<x: DOUBLE, tags: ARRAY<STRING>>, counts MAP<STRING, BIGINT>";

function insertReadings(first: number, rows: number): string {
  return "INSERT INTO {t} SELECT id, CASE id % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'c d/é' END, " +
    "concat('näme ', id), IF(id % 5 = 0, NULL, CAST(id AS INT) * 10), " +
    "CAST(id * 1.2345 AS DECIMAL(18, 4)), timestamp_micros(1704067200000001 + id), " +
    "IF(id % 4 = 0, NULL, named_struct('x', id / 7, 'tags', array('t', NULL, CAST(id AS STRING)))), " +
    `map('k', id, 'none', CAST(NULL AS BIGINT)) FROM range(${first}, ${first + rows})`;
}

const CHANGES = [
  insertReadings(0, 40),
  insertReadings(40, 40),
  "DELETE FROM {t} WHERE id % 10 = 3",
  "UPDATE {t} SET name = concat(name, '!') WHERE id < 20",
  "MERGE INTO {t} AS t USING (SELECT * FROM {t} WHERE id > 60) AS s ON t.id = s.id + 15 " +
  "WHEN MATCHED THEN UPDATE SET count = -1 " +
  "WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id + 15, 'merged')",
  "DELETE FROM {t} WHERE kind IS NULL AND id < 30",
];

function changed(
  name: string,
  properties: Readonly<Record<string, string>>,
  clause = "",
  more: readonly string[] = [],
): SparkTable {
  const list = Object.entries(properties).map(([key, value]) => `'${key}' = '${value}'`);
  const tblProperties = list.length === 0 ? "" : `TBLPROPERTIES (${list.join(", ")})`;
  const create = `CREATE TABLE {t} (${COLUMNS}) USING delta ${clause} ${tblProperties}`;
  return { name, statements: [create, ...CHANGES, ...more] };
}

const OLD = { "delta.enableDeletionVectors": "false" };
const DELETION_VECTORS = { "delta.enableDeletionVectors": "true" };

/** Tables of one feature after the other, made by Spark. */
export const sparkTables: readonly SparkTable[] = [
  changed("rows changed by rewriting files", OLD),
  changed("rows changed with deletion vectors", DELETION_VECTORS, "PARTITIONED BY (kind)"),
  changed("a change data feed", { ...DELETION_VECTORS, "delta.enableChangeDataFeed": "true" }),
  changed(
    "column mapping, a column renamed and one dropped",
    {
      ...DELETION_VECTORS,
      "delta.columnMapping.mode": "name",
    },
    "PARTITIONED BY (kind)",
    [
      "ALTER TABLE {t} RENAME COLUMN name TO `full name`",
      "ALTER TABLE {t} DROP COLUMN count",
      "ALTER TABLE {t} ADD COLUMN count STRING AFTER id",
      "INSERT INTO {t} (id, count) VALUES (500, 'text')",
    ],
  ),
  changed("column mapping by id", { ...OLD, "delta.columnMapping.mode": "id" }),
  changed("checkpoints of the second kind", {
    ...DELETION_VECTORS,
    "delta.checkpointPolicy": "v2",
    "delta.checkpointInterval": "2",
  }),
  changed("in-commit timestamps and row tracking", {
    "delta.enableInCommitTimestamps": "true",
    "delta.enableRowTracking": "true",
  }),
  changed("constraints", OLD, "", [
    "ALTER TABLE {t} ADD CONSTRAINT positive CHECK (id >= 0)",
    "INSERT INTO {t} (id, name) VALUES (500, 'text')",
  ]),
  changed("types widened", { ...OLD, "delta.enableTypeWidening": "true" }, "", [
    "ALTER TABLE {t} ALTER COLUMN count TYPE BIGINT",
    "INSERT INTO {t} (id, count) VALUES (500, 5000000000)",
  ]),
  changed("clustering", {}, "CLUSTER BY (id, kind)", ["OPTIMIZE {t}"]),
  {
    name: "generated columns, defaults and columns that must have a value",
    statements: [
      "CREATE TABLE {t} (id BIGINT NOT NULL, at TIMESTAMP, day DATE GENERATED ALWAYS AS " +
      "(CAST(at AS DATE)), word STRING DEFAULT 'none') USING delta PARTITIONED BY (day) " +
      "TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')",
      "INSERT INTO {t} (id, at, word) SELECT id, timestamp_seconds(1704067200 + id * 40000), 'w' " +
      "FROM range(0, 12)",
      "UPDATE {t} SET at = timestamp_seconds(0) WHERE id = 3",
    ],
  },
];
