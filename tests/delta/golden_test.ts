import { deepEqual, equal, ok, rejects } from "assert";
import { type Batch, Schema, SluiceError } from "../../lib/core/mod.ts";
import { readChanges } from "../../lib/delta/scan/change_feed.ts";
import { scan } from "../../lib/delta/scan/scan.ts";
import { TableState } from "../../lib/delta/table_state.ts";
import { digestRows, type RowsDigest } from "../support/canonical_rows.ts";
import { checkout } from "../support/paths.ts";
import { tempFolder } from "../support/temp_folder.ts";

interface GoldenTable {
  readonly id: string;
  readonly archive: string;
  readonly root: string;
  readonly cases: readonly GoldenCase[];
}

interface GoldenFile {
  readonly path: string;
  readonly size: number;
  readonly partitionValues?: Record<string, string | null>;
  readonly baseRowId?: number;
  readonly defaultRowCommitVersion?: number;
}

interface GoldenCase {
  readonly kind: "snapshot" | "error" | "cdf";
  readonly op?: string;
  readonly version: number | null;
  readonly from?: number;
  readonly to?: number;
  readonly columns?: readonly string[];
  readonly latest?: boolean;
  readonly lenient?: boolean;
  readonly error?: string;
  readonly rowsError?: string;
  readonly numFiles: number;
  readonly rows?: number;
  readonly digest?: string;
  readonly nonVariantColumns?: readonly string[];
  readonly nonVariantDigest?: string;
  readonly schema?: { readonly fields: readonly unknown[] };
  readonly protocol?: Record<string, unknown>;
  readonly partitionColumns?: readonly string[];
  readonly configuration?: Record<string, string>;
  readonly totalSize?: number;
  readonly deletedRows?: number;
  readonly files?: readonly GoldenFile[];
  readonly txns?: Record<string, number>;
  readonly domains?: Record<string, string>;
}

/** What this project calls the kinds of errors that the manifest has. */
const ERROR_CODES: Readonly<Record<string, RegExp>> = {
  "unsupported-protocol": /^UNSUPPORTED_FEATURE$/,
  "missing-protocol": /^CORRUPT_LOG$/,
  "missing-metadata": /^CORRUPT_LOG$/,
  "log-incomplete": /^CORRUPT_LOG$/,
  "corrupt-log": /^CORRUPT_LOG$/,
  "no-columns": /^CORRUPT_LOG$/,
  "missing-data-file": /^FILE_NOT_FOUND$/,
  "missing-deletion-vector": /^FILE_NOT_FOUND$/,
  "corrupt-data-file": /^PARQUET_/,
  "corrupt-deletion-vector": /^CORRUPT_DELETION_VECTOR$/,
};

/** When the first commit of a table whose commits have times was written; the others, hours later. */
const FIRST_COMMIT_MS = Date.UTC(2024, 0, 1);
const HOUR_MS = 3_600_000;

const folder = await goldenFolder();
if (folder === undefined) {
  // deno-lint-ignore no-console
  console.log("skipped: no ../shared/golden beside the checkout");
} else {
  const manifest: { tables: GoldenTable[] } = JSON.parse(
    await Deno.readTextFile(`${folder}/manifest.json`),
  );
  for (const table of manifest.tables) {
    Deno.test(`golden table ${table.id} reads as expected`, async () => {
      await using temp = await tempFolder();
      await unpack(`${folder}/${table.archive}`, temp.path);
      for (const expected of table.cases) {
        await checkCase(`${temp.path}/${table.root}`, expected);
      }
    });
  }
}

async function checkCase(path: string, expected: GoldenCase): Promise<void> {
  if (expected.kind === "error") {
    const read = expected.op === "cdf" ? readFeed(path, expected) : readAll(path, expected);
    await rejects(read, isError(expected.error));
  } else if (expected.lenient) {
    await checkSnapshot(path, expected).catch((error) => {
      if (!(error instanceof SluiceError)) throw error;
    });
  } else if (expected.kind === "cdf") {
    const { rows, digest } = expected;
    deepEqual(await readFeed(path, expected), { rows, digest }, `changes from ${expected.from}`);
  } else {
    await checkSnapshot(path, expected);
  }
}

async function readAll(path: string, { version }: GoldenCase): Promise<void> {
  const table = await TableState.open(path, version === null ? {} : { at: version });
  await Array.fromAsync(rowsOf(table), () => {});
}

async function readFeed(path: string, { from = 0, to }: GoldenCase): Promise<RowsDigest> {
  const table = await TableState.open(path);
  const options = { from, ...(to === undefined ? {} : { to }) };
  const batches = await Array.fromAsync(readChanges(table, options));
  return digestBatches(table, batches, ["_commit_timestamp"]);
}

async function checkSnapshot(path: string, expected: GoldenCase): Promise<void> {
  const where = `version ${expected.version}`;
  const table = await TableState.open(path, expected.latest ? {} : { at: expected.version! });
  equal(table.snapshot.version, expected.version, where);
  checkState(table, expected, where);
  if (expected.rowsError !== undefined) {
    await rejects(Array.fromAsync(rowsOf(table)), isError(expected.rowsError), where);
  } else if (expected.nonVariantDigest !== undefined) {
    const columns = expected.nonVariantColumns!;
    const found = digestBatches(table, await Array.fromAsync(rowsOf(table, columns)));
    deepEqual(found, { rows: expected.rows, digest: expected.nonVariantDigest }, where);
  } else if (expected.digest !== undefined) {
    const found = digestBatches(table, await Array.fromAsync(rowsOf(table)));
    deepEqual(found, { rows: expected.rows, digest: expected.digest }, where);
  }
  await checkTimeTravel(path, table, where);
}

/** Only for commits that have the times that the manifest promises, and do not tell others. */
async function checkTimeTravel(path: string, table: TableState, where: string): Promise<void> {
  const { version, metadata } = table.snapshot;
  if (metadata.configuration["delta.enableInCommitTimestamps"] === "true") return;
  const name = `${String(version).padStart(20, "0")}.json`;
  const writtenMs = FIRST_COMMIT_MS + version * HOUR_MS;
  if (await table.store.modifiedMs(name) !== writtenMs) return;
  const then = await TableState.open(path, { at: { timestamp: new Date(writtenMs + 1) } });
  equal(then.snapshot.version, version, `${where} by its time`);
}

function checkState({ snapshot }: TableState, expected: GoldenCase, where: string): void {
  const { metadata, protocol } = snapshot;
  const files = [...snapshot.files()];
  equal(files.length, expected.numFiles, `${where}: files`);
  if (expected.protocol !== undefined) {
    deepEqual(sorted(protocol), sorted(expected.protocol), where);
  }
  if (expected.partitionColumns !== undefined) {
    deepEqual(metadata.partitionColumns, expected.partitionColumns, where);
  }
  if (expected.configuration !== undefined) {
    deepEqual(metadata.configuration, expected.configuration, where);
  }
  if (expected.schema !== undefined && expected.rowsError !== "no-columns") {
    deepEqual(JSON.parse(metadata.schemaString), expected.schema, where);
  }
  if (expected.totalSize !== undefined) {
    equal(files.reduce((sum, file) => sum + file.size, 0), expected.totalSize, where);
  }
  if (expected.deletedRows !== undefined) {
    const deleted = files.reduce((sum, file) => sum + (file.deletionVector?.cardinality ?? 0), 0);
    equal(deleted, expected.deletedRows, where);
  }
  if (expected.files !== undefined) {
    const list = (some: readonly GoldenFile[]) =>
      some.map((file) => [file.path, file.size, file.baseRowId, file.defaultRowCommitVersion])
        .map(String).sort();
    deepEqual(list(files), list(expected.files), where);
    for (const { path, partitionValues } of expected.files) {
      if (partitionValues === undefined) continue;
      deepEqual(files.find((file) => file.path === path)?.partitionValues, partitionValues, path);
    }
  }
  for (const [appId, version] of Object.entries(expected.txns ?? {})) {
    equal(snapshot.txn(appId)?.version, version, `${where}: ${appId}`);
  }
  if (expected.domains !== undefined) {
    const domains = [...snapshot.domains()].map((
      { domain, configuration },
    ) => [domain, configuration]);
    deepEqual(Object.fromEntries(domains), expected.domains, where);
  }
}

function rowsOf(table: TableState, columns?: readonly string[]): AsyncGenerator<Batch> {
  return scan(
    { layout: table.layout(), files: table.snapshot.files() },
    columns === undefined ? {} : { columns },
  );
}

function digestBatches(
  { snapshot }: TableState,
  batches: readonly Batch[],
  without: readonly string[] = [],
): RowsDigest {
  const { fields } = batches[0]?.schema ?? snapshot.schema;
  const kept = new Schema(fields.filter(({ name }) => !without.includes(name)));
  return digestRows(kept, batches.flatMap((batch) => [...batch.rows()]));
}

/** Lists of features have no order. */
function sorted(protocol: object): object {
  const entries = Object.entries(protocol).filter(([, value]) => value !== null);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, Array.isArray(value) ? value.toSorted() : value]),
  );
}

function isError(kind: string | undefined): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof SluiceError)) return false;
    const code = kind === undefined ? undefined : ERROR_CODES[kind];
    return code === undefined || code.test(error.code);
  };
}

async function unpack(archive: string, to: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("tar", {
    args: ["-xzpf", archive, "-C", to],
  }).output();
  ok(success, new TextDecoder().decode(stderr));
}

/** The tables written by others: beside the checkout, or where `SLUICE_GOLDEN` says. */
async function goldenFolder(): Promise<string | undefined> {
  for (const candidate of [Deno.env.get("SLUICE_GOLDEN"), `${checkout}/../shared/golden`]) {
    if (candidate === undefined) continue;
    try {
      await Deno.stat(`${candidate}/manifest.json`);
      return candidate;
    } catch {
      continue;
    }
  }
  return undefined;
}
