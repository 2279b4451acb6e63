/**
 * The latest state of users, made of their changes: every change from a Kafka topic into a Postgres
 * table and a Delta table, and of each user the newest into another Postgres table, which can be asked
 * while the job runs. A record that is no change goes to the table `dead_letters`.
 *
 *     deno task pipeline:user_state --help
 */
import {
  delta,
  json,
  pipeline,
  postgres,
  type Source,
  type StartOptions,
  type StreamingQuery,
} from "sluice";
import { checkedUserEvent, UserEvent } from "./user_event.ts";
import { userStateCommand } from "./user_state_command.ts";

/** What the job reads and where it writes. */
export interface UserStateOptions {
  readonly source: Source;
  readonly databaseUrl: string;
  /** The Postgres table of all changes. */
  readonly historyTable: string;
  /** The Delta table of all changes. */
  readonly lakePath: string;
  /** The Postgres table of the users as they are now. */
  readonly latestTable: string;
}

/** Starts the job, or goes on where its checkpoint says that it stopped. */
export function userState(
  job: UserStateOptions,
  start: Omit<StartOptions, "outputMode">,
): Promise<StreamingQuery> {
  return pipeline("user_state")
    .from(job.source)
    .decode(json(UserEvent))
    .map(UserEvent, checkedUserEvent)
    .to(
      postgres({ table: job.historyTable, url: job.databaseUrl }),
      delta({ path: job.lakePath }),
    )
    .latestByKey({ key: ["id"], orderBy: "event_order", deleteWhen: "op = 'delete'" })
    // The dead letters are beside the history already.
    .to(postgres({ table: job.latestTable, url: job.databaseUrl, deadLetterTable: false }))
    .start({ ...start, outputMode: "update" });
}

if (import.meta.main) Deno.exit(await userStateCommand(Deno.args, userState));
