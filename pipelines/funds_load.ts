/**
 * Loads batches of funds with their prices, nested JSON, from the files of a folder: one batch a line.
 * What is right of a batch is loaded, and what is not is told with its place, such as
 * `funds[3].prices[0].nav`. Tables are kept by key: the same batch again changes nothing, a corrected
 * one corrects, and an older one does not undo a newer one.
 *
 *     files of batches ─┬─ funds     ─> funds
 *                       ├─ prices    ─> fund_prices
 *                       └─ problems  ─> fund_problems      lines that are no batch: dead_letters
 *
 * Each table is a query with a checkpoint of its own; that of the funds keeps the dead letters. A file
 * must not change once it is in the folder: a correction is another file.
 *
 *     deno task pipeline:funds_load [file or folder]
 */
import {
  pipeline,
  postgres,
  schema as s,
  type Source,
  type StartOptions,
  type StreamingQuery,
} from "sluice";
import { fundBatches } from "./fund_batch.ts";
import { fundsLoadCommand } from "./funds_load_command.ts";

/** What is read and where it goes. */
export interface LoadOptions {
  readonly source: Source;
  readonly databaseUrl: string;
}

/** The batch that a row is of. */
const Loaded = {
  /** The day that the batch is about: rows of a later one stand. */
  as_of: s.date(),
  batch_id: s.string(),
};

const Fund = s.struct({
  fund_id: s.integer(),
  name: s.string(),
  currency: s.string().nullable(),
  manager_name: s.string().nullable(),
  manager_since: s.date().nullable(),
  ...Loaded,
});

const FundPrice = s.struct({
  fund_id: s.integer(),
  price_date: s.date(),
  nav: s.decimal(18, 6),
  ...Loaded,
});

const FundProblem = s.struct({
  batch_id: s.string(),
  path: s.string(),
  problem: s.string(),
  entry: s.string(),
  as_of: s.date(),
});

/** Starts to load the funds, or goes on where its checkpoint says that it stopped. */
export function loadFunds(
  { source, databaseUrl: url }: LoadOptions,
  start: Omit<StartOptions, "outputMode">,
): Promise<StreamingQuery> {
  const key = ["fund_id"] as const;
  return pipeline("funds")
    .from(source)
    .decode(fundBatches())
    .flatMap(
      Fund,
      ({ batch_id, as_of, funds }) =>
        funds.map(({ fund_id, name, currency, manager }) => ({
          fund_id,
          name,
          currency,
          manager_name: manager?.name ?? null,
          manager_since: manager?.since ?? null,
          as_of,
          batch_id,
        })),
    )
    .latestByKey({ key, orderBy: "as_of" })
    .to(postgres({ table: "funds", url, key, orderBy: "as_of" }))
    .start({ ...start, outputMode: "update" });
}

/** Starts to load the prices, or goes on where its checkpoint says that it stopped. */
export function loadFundPrices(
  { source, databaseUrl: url }: LoadOptions,
  start: Omit<StartOptions, "outputMode">,
): Promise<StreamingQuery> {
  const key = ["fund_id", "price_date"] as const;
  return pipeline("fund_prices")
    .from(source)
    .decode(fundBatches("skip"))
    .flatMap(
      FundPrice,
      ({ batch_id, as_of, funds }) =>
        funds.flatMap(({ fund_id, prices }) =>
          prices.map(({ date, nav }) => ({ fund_id, price_date: date, nav, as_of, batch_id }))
        ),
    )
    .latestByKey({ key, orderBy: "as_of" })
    .to(postgres({ table: "fund_prices", url, key, orderBy: "as_of", deadLetterTable: false }))
    .start({ ...start, outputMode: "update" });
}

/** Starts to keep what is wrong with batches, or goes on where its checkpoint says that it stopped. */
export function loadFundProblems(
  { source, databaseUrl: url }: LoadOptions,
  start: Omit<StartOptions, "outputMode">,
): Promise<StreamingQuery> {
  const key = ["batch_id", "path"] as const;
  return pipeline("fund_problems")
    .from(source)
    .decode(fundBatches("skip"))
    .flatMap(
      FundProblem,
      ({ batch_id, as_of, problems }) =>
        problems.map((problem) => ({ batch_id, ...problem, as_of })),
    )
    .latestByKey({ key, orderBy: "as_of" })
    .to(postgres({ table: "fund_problems", url, key, orderBy: "as_of", deadLetterTable: false }))
    .start({ ...start, outputMode: "update" });
}

if (import.meta.main) {
  const queries = {
    funds: loadFunds,
    fund_prices: loadFundPrices,
    fund_problems: loadFundProblems,
  };
  Deno.exit(await fundsLoadCommand(Deno.args, queries));
}
