/**
 * The history of a fund manager's two tables: every change of them, as Debezium brings it, into a
 * Postgres table and a partitioned Delta table, deletes too. Nothing is overwritten, so what a fund
 * was at any time can be asked.
 *
 *     fund_metadata, fund_unit -> pgsrc.public.* -> fund_metadata_trail, fund_unit_trail
 *                                                   data/lake/fund_metadata, data/lake/fund_unit
 *
 * The connector (data/connectors/funds.json) takes rows out of Debezium's envelope, adds the column
 * `source_system` and calls `fund_name` `name`. It sends each change at least once: sent again, a
 * change has its row's key, its place in the log and its operation again, and these are the key of the
 * trails, so that it is there once. Rows that a snapshot read have the operation `r`: they are no
 * changes, and a snapshot that is taken again tells them again, at a later place in the log.
 *
 *     deno task pipeline:funds --help
 */
import {
  debezium,
  delta,
  pipeline,
  postgres,
  schema as s,
  type Source,
  type StartOptions,
  type StreamingQuery,
} from "sluice";
import { fundsCommand } from "./funds_command.ts";

/** What a trail is made of, and where it is kept. */
export interface TrailOptions {
  /** The topic of the table's changes. */
  readonly source: Source;
  readonly databaseUrl: string;
  /** The Postgres table of all changes. */
  readonly table: string;
  /** The Delta table of all changes. */
  readonly lakePath: string;
}

/** What the connector says of every change. */
const Captured = {
  source_system: s.string(),
  /** Where the change is in the log of the database: of two changes of a row the later has the greater. */
  lsn: s.long().from("__source_lsn"),
};

const FundMetadata = s.struct({
  fund_id: s.integer(),
  name: s.string(),
  fund_code: s.string().nullable(),
  fund_description: s.string().nullable(),
  updated_at: s.long().nullable(),
  fund_price: s.decimal(10, 2).nullable(),
  ...Captured,
});

const FundUnit = s.struct({
  unit_id: s.integer(),
  fund_id: s.integer().nullable(),
  unit_price: s.decimal(10, 2).nullable(),
  unit_date: s.date().nullable(),
  ...Captured,
});

/** Starts the trail of the funds, or goes on where its checkpoint says that it stopped. */
export function fundMetadataTrail(
  job: TrailOptions,
  start: Omit<StartOptions, "outputMode">,
): Promise<StreamingQuery> {
  const key = ["fund_id", "lsn", "op"] as const;
  return pipeline("fund_metadata_trail")
    .from(job.source)
    .decode(debezium(FundMetadata, { key: ["fund_id", "lsn"], newColumns: "add" }))
    .withColumnRenamed("__op", "op")
    .withColumnRenamed("__source_ts", "source_ts")
    .withColumn("change_date", s.date().nullable(), "CAST(source_ts AS DATE)")
    .applyChanges({ key })
    .to(
      postgres({ table: job.table, url: job.databaseUrl, key, onDelete: "mark" }),
      delta({ path: job.lakePath, partitionBy: ["change_date"], key, onDelete: "mark" }),
    )
    .start({ ...start, outputMode: "update" });
}

/** Starts the trail of the funds' units, or goes on where its checkpoint says that it stopped. */
export function fundUnitTrail(
  job: TrailOptions,
  start: Omit<StartOptions, "outputMode">,
): Promise<StreamingQuery> {
  const key = ["unit_id", "lsn", "op"] as const;
  return pipeline("fund_unit_trail")
    .from(job.source)
    .decode(debezium(FundUnit, { key: ["unit_id", "lsn"], newColumns: "add" }))
    .withColumnRenamed("__op", "op")
    .withColumnRenamed("__source_ts", "source_ts")
    .withColumn("change_date", s.date().nullable(), "CAST(source_ts AS DATE)")
    .applyChanges({ key })
    .to(
      postgres({ table: job.table, url: job.databaseUrl, key, onDelete: "mark" }),
      delta({ path: job.lakePath, partitionBy: ["change_date"], key, onDelete: "mark" }),
    )
    .start({ ...start, outputMode: "update" });
}

if (import.meta.main) {
  Deno.exit(await fundsCommand(Deno.args, { fundMetadataTrail, fundUnitTrail }));
}
