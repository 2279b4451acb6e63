import { deepEqual, equal, ok, rejects } from "assert";
import { DeltaTable } from "../../lib/delta/mod.ts";
import type { SluiceError } from "../../lib/core/mod.ts";
import { digestRows } from "../support/canonical_rows.ts";
import { checkout } from "../support/paths.ts";
import { tempFolder } from "../support/temp_folder.ts";

interface GoldenTable {
  readonly id: string;
  readonly archive: string;
  readonly root: string;
  readonly cases: readonly GoldenCase[];
}

interface GoldenCase {
  readonly kind: "snapshot" | "error" | "cdf";
  readonly op?: string;
  readonly version: number | null;
  readonly latest?: boolean;
  readonly lenient?: boolean;
  readonly rowsError?: string;
  readonly numFiles: number;
  readonly rows?: number;
  readonly digest?: string;
  readonly schema?: { readonly fields: readonly unknown[] };
  readonly protocol?: Record<string, unknown>;
  readonly partitionColumns?: readonly string[];
  readonly configuration?: Record<string, string>;
  readonly totalSize?: number;
  readonly deletedRows?: number;
  readonly files?: readonly { readonly path: string; readonly size: number }[];
  readonly txns?: Record<string, number>;
}

/** Tables that are not read, and why. A table that is read after all fails its test here. */
const NOT_SUPPORTED: Readonly<Record<string, string>> = {
  "deltars__spark-shredded-variant-preview-delta": "variant",
  "deltars__spark-variant-stable-feature-checkpoint": "variant",
};

const folder = await goldenFolder();
if (folder === undefined) {
  // deno-lint-ignore no-console
  console.log("skipped: no ../shared/golden beside the checkout");
} else {
  const manifest: { tables: GoldenTable[] } = JSON.parse(
    await Deno.readTextFile(`${folder}/manifest.json`),
  );
  for (const table of manifest.tables) {
    const reason = NOT_SUPPORTED[table.id];
    const name = reason === undefined ? "reads as expected" : `is not supported: ${reason}`;
    Deno.test(`golden table ${table.id} ${name}`, async () => {
      await using temp = await tempFolder();
      await unpack(`${folder}/${table.archive}`, temp.path);
      const check = () => checkTable(`${temp.path}/${table.root}`, table.cases);
      await (reason === undefined ? check() : rejects(check));
    });
  }
}

async function checkTable(path: string, cases: readonly GoldenCase[]): Promise<void> {
  for (const expected of cases) {
    if (expected.kind === "cdf" || expected.op === "cdf") continue;
    if (expected.kind === "error") {
      await rejects(readAll(path, expected), isSluiceError);
    } else if (expected.lenient) {
      await checkSnapshot(path, expected).catch((error) => {
        if (!isSluiceError(error)) throw error;
      });
    } else {
      await checkSnapshot(path, expected);
    }
  }
}

async function readAll(path: string, { version }: GoldenCase): Promise<void> {
  const table = await DeltaTable.open(path, version ?? undefined);
  await Array.fromAsync(table.toBatches(), () => {});
}

async function checkSnapshot(path: string, expected: GoldenCase): Promise<void> {
  const where = `version ${expected.version}`;
  const table = await DeltaTable.open(path, expected.latest ? undefined : expected.version!);
  equal(table.version, expected.version, where);
  checkState(table, expected, where);
  if (expected.rowsError !== undefined) {
    await rejects(Array.fromAsync(table.rows()), isSluiceError, where);
  } else if (expected.digest !== undefined) {
    const found = digestRows(table.schema(), await Array.fromAsync(table.rows()));
    deepEqual(found, { rows: expected.rows, digest: expected.digest }, where);
  }
}

function checkState(table: DeltaTable, expected: GoldenCase, where: string): void {
  const { metadata, protocol } = table;
  const files = table.files();
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
    const list = (some: readonly { path: string; size: number }[]) =>
      some.map(({ path, size }) => `${path} ${size}`).sort();
    deepEqual(list(files), list(expected.files), where);
  }
  for (const [appId, version] of Object.entries(expected.txns ?? {})) {
    equal(table.txn(appId)?.version, version, `${where}: ${appId}`);
  }
}

/** Lists of features have no order. */
function sorted(protocol: object): object {
  const entries = Object.entries(protocol).filter(([, value]) => value !== null);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, Array.isArray(value) ? value.toSorted() : value]),
  );
}

function isSluiceError(error: unknown): boolean {
  return error instanceof Error && typeof (error as SluiceError).details === "object";
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
