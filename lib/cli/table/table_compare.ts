import { typeName } from "../../core/mod.ts";
import { type AddFile, DeltaTable } from "../../delta/mod.ts";
import { wholeNumber } from "../flags.ts";
import { print } from "../print.ts";
import { count } from "../progress_printer.ts";
import { badFlag, JSON_FLAG, namesOf, tableCommand } from "./table_command.ts";
import { printRowsJson, printRowsTable } from "./table_rows.ts";

/** What two versions do not have in common. */
interface TableDiff {
  readonly from: number;
  readonly to: number;
  readonly filesAdded: number;
  readonly filesRemoved: number;
  /** Absent where a file's statistics do not tell. */
  readonly rowsBefore?: number;
  readonly rowsAfter?: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** `+ price double`, `- price double`, `price integer -> price long`. */
  readonly columns: readonly string[];
  /** `+ delta.appendOnly = true` and the like. */
  readonly properties: readonly string[];
  /** `+ deletionVectors` and the like. */
  readonly protocol: readonly string[];
  /** Rows by the kind of their change, where the change data feed tells. */
  readonly changes?: Readonly<Record<string, number>>;
}

/** What two versions do not have in common. */
export const diffCommand = tableCommand({
  name: "diff",
  summary: "Shows what lies between two versions: files, rows, columns, properties.",
  operands: ["from version", "to version"],
  flags: JSON_FLAG,
  async run(path, { flags, operands: [from = "", to = ""] }) {
    const diff = await compare(path, versionOf(from), versionOf(to));
    if (flags.json) print(JSON.stringify(diff));
    else printDiff(diff);
  },
});

/** Rows that changed. */
export const changesCommand = tableCommand({
  name: "changes",
  summary: "Shows the rows that changed, from the table's change data feed.",
  flags: {
    from: { type: "string", value: "n", help: "the first version; default the last" },
    to: { type: "string", value: "n", help: "the last version; default the newest" },
    columns: { type: "string", value: "a,b", help: "these columns only" },
    where: { type: "string", value: "sql", help: "rows for which this is true" },
    ...JSON_FLAG,
  },
  async run(path, { flags }) {
    const table = await DeltaTable.open(path);
    const columns = namesOf(flags.columns);
    const to = wholeNumber("to", flags.to, 0) ?? table.version;
    const batches = table.changes({
      from: wholeNumber("from", flags.from, 0) ?? to,
      to,
      ...(columns === undefined ? {} : { columns }),
      ...(flags.where === undefined ? {} : { where: flags.where }),
    });
    if (flags.json) await printRowsJson(batches);
    else await printRowsTable(batches, table.schema.fields);
  },
});

async function compare(path: string, from: number, to: number): Promise<TableDiff> {
  const [before, after] = [await DeltaTable.open(path, from), await DeltaTable.open(path, to)];
  const [filesBefore, filesAfter] = [before.files(), after.files()];
  const [keysBefore, keysAfter] = [keysOf(filesBefore), keysOf(filesAfter)];
  const rowsBefore = rowsIn(filesBefore);
  const rowsAfter = rowsIn(filesAfter);
  const changes = from < to && hasChangeFeed(after)
    ? await countChanges(path, from, to)
    : undefined;
  return {
    from,
    to,
    filesAdded: keysAfter.difference(keysBefore).size,
    filesRemoved: keysBefore.difference(keysAfter).size,
    ...(rowsBefore === undefined ? {} : { rowsBefore }),
    ...(rowsAfter === undefined ? {} : { rowsAfter }),
    bytesBefore: bytesIn(filesBefore),
    bytesAfter: bytesIn(filesAfter),
    columns: textDiff(columnTexts(before), columnTexts(after)),
    properties: textDiff(propertyTexts(before), propertyTexts(after)),
    protocol: textDiff(protocolTexts(before), protocolTexts(after)),
    ...(changes === undefined ? {} : { changes }),
  };
}

function printDiff(diff: TableDiff): void {
  const rows = (rows: number | undefined) => rows === undefined ? "unknown" : count(rows);
  print(`versions    ${diff.from} -> ${diff.to}`);
  print(`rows        ${rows(diff.rowsBefore)} -> ${rows(diff.rowsAfter)}`);
  print(`files       +${count(diff.filesAdded)} -${count(diff.filesRemoved)}`);
  print(`bytes       ${count(diff.bytesBefore)} -> ${count(diff.bytesAfter)}`);
  for (const title of ["columns", "properties", "protocol"] as const) {
    for (const line of diff[title]) print(`${title.padEnd(12)}${line}`);
  }
  for (const [kind, rows] of Object.entries(diff.changes ?? {})) {
    print(`changes     ${count(rows)} ${kind}`);
  }
}

async function countChanges(
  path: string,
  from: number,
  to: number,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const table = await DeltaTable.open(path, to);
  for await (const batch of table.changes({ from: from + 1, to })) {
    for (const { _change_type } of batch.rows()) {
      const kind = String(_change_type);
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
  }
  return counts;
}

/** What is told of things by key. */
type Texts = Readonly<Record<string, string>>;

/** `+ what is new`, `- what is gone` and `what was -> what is`. */
function textDiff(before: Texts, after: Texts): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.filter((key) => before[key] !== after[key]).map((key) => {
    if (before[key] === undefined) return `+ ${after[key]}`;
    if (after[key] === undefined) return `- ${before[key]}`;
    return `${before[key]} -> ${after[key]}`;
  });
}

/** Columns by their names in files, which stay when a column is renamed. */
function columnTexts({ schema, metadata }: DeltaTable): Texts {
  const { fields } = JSON.parse(metadata.schemaString) as { fields: FieldMetadata[] };
  return Object.fromEntries(fields.map(({ metadata }, i) => {
    const { name, type, nullable } = schema.fields[i]!;
    const physicalName = metadata?.["delta.columnMapping.physicalName"] ?? name;
    return [physicalName, `${name} ${typeName(type)}${nullable ? "" : " not null"}`];
  }));
}

/** What the log's schema has of a column beside its name and type. */
interface FieldMetadata {
  readonly metadata?: { readonly "delta.columnMapping.physicalName"?: string };
}

function propertyTexts({ metadata }: DeltaTable): Texts {
  const entries = Object.entries(metadata.configuration);
  return Object.fromEntries(entries.map(([name, value]) => [name, `${name} = ${value}`]));
}

function protocolTexts({ protocol }: DeltaTable): Texts {
  const { minReaderVersion, minWriterVersion, writerFeatures = [] } = protocol;
  return {
    minReaderVersion: `minReaderVersion = ${minReaderVersion}`,
    minWriterVersion: `minWriterVersion = ${minWriterVersion}`,
    ...Object.fromEntries(writerFeatures.map((feature) => [feature, feature])),
  };
}

function hasChangeFeed({ metadata }: DeltaTable): boolean {
  return metadata.configuration["delta.enableChangeDataFeed"] === "true";
}

/** What tells one state of a file from another. */
function keysOf(files: readonly AddFile[]): Set<string> {
  return new Set(files.map(({ path, deletionVector }) => JSON.stringify([path, deletionVector])));
}

/** Rows by the files' statistics; `undefined` if one has none. */
function rowsIn(files: readonly AddFile[]): number | undefined {
  let rows = 0;
  for (const { stats, deletionVector } of files) {
    const numRecords = stats === undefined ? undefined : JSON.parse(stats).numRecords;
    if (typeof numRecords !== "number") return undefined;
    rows += numRecords - (deletionVector?.cardinality ?? 0);
  }
  return rows;
}

function bytesIn(files: readonly AddFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

function versionOf(text: string): number {
  const version = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(version)) return version;
  throw badFlag("<version>", JSON.stringify(text), "the number of a version");
}
