import { DeltaTable } from "../../delta/mod.ts";
import { wholeNumber } from "../flags.ts";
import { print, printError } from "../print.ts";
import { AT_FLAGS, JSON_FLAG, namesOf, tableCommand, timeTravelOf } from "./table_command.ts";
import { digestBatches } from "./table_digest.ts";
import { pairs, printPairs } from "./table_pairs.ts";
import { printRowsJson, printRowsTable } from "./table_rows.ts";
import { fieldLines } from "./table_schema.ts";
import { textTable } from "./table_text.ts";

/** Rows that `read` shows where nobody says how many. */
const DEFAULT_LIMIT = 20;

/** What made each version. */
export const historyCommand = tableCommand({
  name: "history",
  summary: "Shows what made each version, newest first.",
  flags: {
    limit: { type: "string", value: "n", help: "how many versions; default all" },
    ...JSON_FLAG,
  },
  async run(path, { flags }) {
    const limit = wholeNumber("limit", flags.limit, 1);
    const table = await DeltaTable.open(path);
    const entries = await table.history(limit === undefined ? {} : { limit });
    if (flags.json) {
      for (const entry of entries) print(JSON.stringify(entry));
      return;
    }
    const rows = entries.map(({ version, timestamp, operation, operationMetrics, ...more }) => [
      String(version),
      timestamp === undefined ? "" : new Date(timestamp).toISOString(),
      operation ?? "",
      pairs(operationMetrics),
      pairs(more.operationParameters),
      more.engineInfo ?? "",
    ]);
    const columns = [
      { title: "VERSION", align: "right" } as const,
      ...["TIMESTAMP", "OPERATION", "METRICS", "PARAMETERS", "ENGINE"].map((title) => ({ title })),
    ];
    print(textTable(columns, rows));
  },
});

/** What the table is. */
export const detailCommand = tableCommand({
  name: "detail",
  summary: "Shows what the table is: its id, size, properties and features.",
  flags: JSON_FLAG,
  async run(path, { flags }) {
    const detail = await (await DeltaTable.open(path)).detail();
    if (flags.json) {
      print(JSON.stringify(detail));
      return;
    }
    const time = (ms: number | undefined) => ms === undefined ? undefined : new Date(ms);
    const { createdAt, lastModified } = detail;
    const times = { createdAt: time(createdAt), lastModified: time(lastModified) };
    printPairs(Object.entries({ ...detail, ...times }));
  },
});

/** The table's columns. */
export const schemaCommand = tableCommand({
  name: "schema",
  summary: "Shows the columns; --json prints the schema as the table's log has it.",
  flags: { ...AT_FLAGS, ...JSON_FLAG },
  async run(path, { flags }) {
    const table = await DeltaTable.open(path, timeTravelOf(flags));
    const { metadata } = table;
    if (flags.json) {
      print(JSON.stringify(JSON.parse(metadata.schemaString)));
      return;
    }
    const rows = fieldLines(table.schema.fields).map((line) => {
      const partition = metadata.partitionColumns.indexOf(line[0]);
      return [...line, partition < 0 ? "" : `partition ${partition + 1}`];
    });
    print(textTable([{ title: "COLUMN" }, { title: "TYPE" }, { title: "" }, { title: "" }], rows));
  },
});

/** The table's rows. */
export const readCommand = tableCommand({
  name: "read",
  summary: "Shows rows, in no order that means anything.",
  flags: {
    columns: { type: "string", value: "a,b", help: "these columns only" },
    where: { type: "string", value: "sql", help: "rows for which this is true" },
    limit: {
      type: "string",
      value: "n",
      help: `how many rows; default ${DEFAULT_LIMIT}, with --json all`,
    },
    ...AT_FLAGS,
    ...JSON_FLAG,
  },
  async run(path, { flags }) {
    const limit = wholeNumber("limit", flags.limit, 1) ?? (flags.json ? undefined : DEFAULT_LIMIT);
    const columns = namesOf(flags.columns);
    const table = await DeltaTable.open(path, timeTravelOf(flags));
    const batches = table.toBatches({
      ...(columns === undefined ? {} : { columns }),
      ...(flags.where === undefined ? {} : { where: flags.where }),
      ...(limit === undefined ? {} : { limit }),
    });
    if (flags.json) return await printRowsJson(batches);
    const { fields } = table.schema;
    const shown = fields.filter(({ name }) => columns?.includes(name) ?? true);
    const rows = await printRowsTable(batches, shown);
    if (flags.limit === undefined && rows === limit) {
      printError(`at most ${limit} rows are shown; --limit asks for more`);
    }
  },
});

/** One line that two copies of the same rows have in common. */
export const digestCommand = tableCommand({
  name: "digest",
  summary: "Prints a digest of the rows, the same whatever their order and files.",
  flags: AT_FLAGS,
  async run(path, { flags }) {
    const table = await DeltaTable.open(path, timeTravelOf(flags));
    const { rows, digest } = await digestBatches(table.toBatches());
    print(JSON.stringify({
      version: table.version,
      numFiles: table.files().length,
      rows,
      digest,
    }));
  },
});
