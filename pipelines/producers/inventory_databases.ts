import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import connectPostgres, { type Sql } from "postgres";
import type { InventoryChange, SimulatedCustomer, SimulatedOrder } from "./inventory_simulator.ts";

/** What is in both databases. */
export interface InventoryState {
  readonly customers: readonly SimulatedCustomer[];
  readonly orders: readonly SimulatedOrder[];
  /** An id that no order has or had. */
  readonly nextOrderId: number;
}

/** The customers in Postgres and the orders in MariaDB, for whoever changes them. */
export class InventoryDatabases implements AsyncDisposable {
  readonly #postgres: Sql;
  readonly #mariadb: Connection;

  private constructor(postgres: Sql, mariadb: Connection) {
    this.#postgres = postgres;
    this.#mariadb = mariadb;
  }

  /** Connects to the database of customers and to that of orders. */
  static async open(customersUrl: string, ordersUrl: string): Promise<InventoryDatabases> {
    const mariadb = await createConnection({
      uri: ordersUrl,
      timezone: "Z",
      decimalNumbers: false,
    });
    const postgres = connectPostgres(customersUrl, { max: 1, fetch_types: false });
    return new InventoryDatabases(postgres, mariadb);
  }

  /** Reads all rows there are. */
  async state(): Promise<InventoryState> {
    const customers = await this.#postgres`select * from customers order by customer_id`;
    const [orders] = await this.#mariadb.query<RowDataPacket[]>(
      "select * from orders order by order_id",
    );
    const [[next]] = await this.#mariadb.query<RowDataPacket[]>(
      `select auto_increment as id from information_schema.tables
       where table_schema = database() and table_name = 'orders'`,
    );
    return {
      customers: customers.map((row) => ({
        customer_id: Number(row.customer_id),
        name: row.name,
        city: row.city,
        tier: row.tier,
        signed_up: row.signed_up.getTime(),
        updated_at: row.updated_at.getTime(),
      })),
      orders: orders.map((row) => ({
        order_id: row.order_id,
        customer_id: row.customer_id,
        amount: row.amount,
        status: row.status,
        ordered_at: row.ordered_at.getTime(),
        updated_at: row.updated_at.getTime(),
      })),
      nextOrderId: Number(next!.id),
    };
  }

  /** Makes changes: those of customers in one transaction, then those of orders in another. */
  async apply(changes: readonly InventoryChange[]): Promise<void> {
    const customers = changes.filter((change) => change.table === "customers");
    const orders = changes.filter((change) => change.table === "orders");
    if (customers.length > 0) {
      await this.#postgres.begin(async (sql) => {
        for (const { op, row } of customers) {
          const times = {
            signed_up: new Date(row.signed_up),
            updated_at: new Date(row.updated_at),
          };
          if (op === "insert") await sql`insert into customers ${sql({ ...row, ...times })}`;
          else {
            await sql`update customers set ${sql({ ...row, ...times })}
              where customer_id = ${row.customer_id}`;
          }
        }
      });
    }
    if (orders.length === 0) return;
    await this.#mariadb.beginTransaction();
    for (const { op, row } of orders) {
      const id = row.order_id;
      const times = { ordered_at: utcText(row.ordered_at), updated_at: utcText(row.updated_at) };
      const values = { ...row, ...times };
      if (op === "insert") await this.#mariadb.query("insert into orders set ?", [values]);
      else if (op === "delete") {
        await this.#mariadb.query("delete from orders where order_id = ?", [id]);
      } else await this.#mariadb.query("update orders set ? where order_id = ?", [values, id]);
    }
    await this.#mariadb.commit();
  }

  /** Ends both connections; what was begun and not committed is undone by the servers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#postgres.end();
    await this.#mariadb.end();
  }
}

function utcText(ms: number): string {
  return new Date(ms).toISOString().replace("T", " ").replace("Z", "");
}
