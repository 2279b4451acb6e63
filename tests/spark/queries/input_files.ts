import { Batch, type Schema } from "../../../lib/core/mod.ts";
import { encodeParquet } from "../../../lib/parquet/mod.ts";
import type { TempFolder } from "../../support/temp_folder.ts";
import { type CaseRows, Listing, Payment, type Round, Trade } from "./case_rows.ts";

/** Files are read in the order of these times, which are in seconds since 1970. */
const FIRST_WRITTEN = 1_700_000_000;

/** Writes the table that stands still, and empty folders for the streams. */
export async function writeTables(folder: TempFolder, { listings }: CaseRows): Promise<void> {
  for (const stream of ["trades", "payments"]) await Deno.mkdir(`${folder.path}/${stream}`);
  await writeRows(`${folder.path}/listings/all.parquet`, Listing, listings);
}

/** Adds the rows of a round to the streams: a Parquet file for each micro-batch. */
export async function writeRound(folder: TempFolder, rows: CaseRows, round: number): Promise<void> {
  const { trades, payments } = rows.rounds[round]!;
  await writeStream(`${folder.path}/trades`, Trade, trades, before(rows, round, "trades"));
  await writeStream(`${folder.path}/payments`, Payment, payments, before(rows, round, "payments"));
}

function before({ rounds }: CaseRows, round: number, stream: keyof Round): number {
  return rounds.slice(0, round).reduce((files, each) => files + each[stream].length, 0);
}

async function writeStream<Row>(
  path: string,
  schema: Schema<Row>,
  batches: readonly (readonly Row[])[],
  numBefore: number,
): Promise<void> {
  for (const [i, rows] of batches.entries()) {
    const number = numBefore + i;
    const file = `${path}/${String(number).padStart(3, "0")}.parquet`;
    await writeRows(file, schema, rows);
    await Deno.utime(file, FIRST_WRITTEN + number, FIRST_WRITTEN + number);
  }
}

async function writeRows<Row>(
  file: string,
  schema: Schema<Row>,
  rows: readonly Row[],
): Promise<void> {
  const batch = new Batch(schema);
  for (const row of rows) batch.append(row);
  await Deno.mkdir(file.replace(/\/[^/]*$/, ""), { recursive: true });
  await Deno.writeFile(file, await encodeParquet(batch as unknown as Batch));
}
