/**
 * The main job: trades from a Kafka topic into a Postgres table and a Delta table, each exactly
 * once. A record that is no trade goes to the table `dead_letters`, and never stops the others.
 *
 *     deno task pipeline:multisink --help
 */
import {
  deadLetterTopic,
  type DeadLetterTopicOptions,
  delta,
  json,
  pipeline,
  postgres,
  type Source,
  type StartOptions,
  type StreamingQuery,
} from "sluice";
import { multisinkCommand } from "./multisink_command.ts";
import { Trade } from "./trade.ts";

/** What the job reads and where it writes. */
export interface MultisinkOptions {
  readonly source: Source;
  readonly databaseUrl: string;
  readonly table: string;
  readonly lakePath: string;
  /** A topic for dead letters, beside the table. */
  readonly deadLetters?: DeadLetterTopicOptions;
}

/** Starts the job, or goes on where its checkpoint says that it stopped. */
export function multisink(job: MultisinkOptions, start: StartOptions): Promise<StreamingQuery> {
  const trades = pipeline("multisink")
    .from(job.source)
    .decode(json(Trade))
    .to(
      postgres({ table: job.table, url: job.databaseUrl }),
      delta({ path: job.lakePath, partitionBy: ["symbol"] }),
    );
  const alsoToTopic = job.deadLetters === undefined ? [] : [deadLetterTopic(job.deadLetters)];
  return trades.to(...alsoToTopic).start(start);
}

if (import.meta.main) Deno.exit(await multisinkCommand(Deno.args, multisink));
