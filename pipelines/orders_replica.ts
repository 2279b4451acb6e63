/**
 * A table's replica: every change of `orders` in one Postgres database, as Debezium captures it, into
 * two tables of another, all of it (`orders`) and without the names (`orders_projected`). What is
 * deleted there is deleted here.
 *
 * An order's changes are in one partition of the topic, and the last to come counts. Debezium sends
 * them in their order, and after a crash some of them once more, up to the newest: the copies may go
 * back for a moment, and then forth to the same rows. They are not ordered by `__position`: the first
 * change behind a snapshot may have been written to the log before it, by a transaction that was open
 * then, and would be taken for an old one and be lost. So would all changes of a server that begins a
 * log of its own.
 *
 * The connector has the table log whole rows (replica identity full): an order that gets another number
 * then takes along a text that is stored outside of its row. Without that, it is a dead letter.
 *
 * A new snapshot tells of the rows that are there. An order that was deleted while nobody captured it
 * stays in the copies: between the end of a slot and a new snapshot (a slot that was lost, or dropped
 * with the connector and its offsets; a connector that died before it had stored any). `deno task
 * compare` shows it as one too many, and takes it out with `--delete-surplus`.
 *
 *     deno task pipeline:orders_replica --help
 */
import {
  debezium,
  pipeline,
  postgres,
  type Source,
  type StartOptions,
  type StreamingQuery,
} from "sluice";
import { ordersReplicaCommand } from "./orders_replica_command.ts";
import { Order } from "./orders/orders_table.ts";

/** What the job reads and where it writes. */
export interface OrdersReplicaOptions {
  /** The topic of the changes. */
  readonly source: Source;
  /** The Postgres database of the copies. */
  readonly destinationUrl: string;
}

/** Starts the job, or goes on where its checkpoint says that it stopped. */
export function ordersReplica(
  job: OrdersReplicaOptions,
  start: Omit<StartOptions, "outputMode">,
): Promise<StreamingQuery> {
  const url = job.destinationUrl;
  return pipeline("orders_replica")
    .from(job.source)
    .decode(debezium(Order, { key: ["order_id"], newColumns: "add" }))
    .applyChanges({ key: ["order_id"] })
    .to(postgres({ table: "orders", url }))
    .drop("name")
    // The dead letters are beside the full replica already.
    .to(postgres({ table: "orders_projected", url, deadLetterTable: false }))
    .start({ ...start, outputMode: "update" });
}

if (import.meta.main) Deno.exit(await ordersReplicaCommand(Deno.args, ordersReplica));
