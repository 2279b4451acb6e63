import type { StatementSync } from "node:sqlite";
import { SqliteTable, type TableName } from "./sqlite_table.ts";
import type { StateDatabase } from "./state_database.ts";
import type { StateTable, StateTables } from "./state_table.ts";

/** The state of one operator in a `StateStore`, and how many rows it has, as in Spark's progress. */
export class OperatorState implements StateTables {
  /** Which operator of the query it is. */
  readonly id: string;
  readonly #database: StateDatabase;
  readonly #tables = new Map<string, SqliteTable>();
  readonly #setRows: StatementSync;
  /** Made in the open transaction: they are gone if it is rolled back. */
  #newTables: TableName[] = [];

  /** Takes up the tables that the operator has. */
  constructor(database: StateDatabase, id: string) {
    this.id = id;
    this.#database = database;
    this.#setRows = database.prepare("UPDATE tables SET num_rows = ? WHERE id = ?");
    const stored = database.all("SELECT id, name, num_rows FROM tables WHERE operator = ?", id);
    for (const [tableId, name, numRows] of stored as [bigint, string, bigint][]) {
      const tableName = { id: Number(tableId), operator: id, name };
      this.#tables.set(name, new SqliteTable(database, tableName, Number(numRows)));
    }
  }

  /** How many entries all its tables have. */
  get numRowsTotal(): number {
    return this.#sum((table) => table.numRows);
  }

  /** How many entries were written since the last `begin`. */
  get numRowsUpdated(): number {
    return this.#sum((table) => table.numRowsUpdated);
  }

  /** How many entries were removed since the last `begin`. */
  get numRowsRemoved(): number {
    return this.#sum((table) => table.numRowsRemoved);
  }

  /** The table of that name, which is made if it is not there. */
  table(name: string): StateTable {
    let table = this.#tables.get(name);
    if (table === undefined) {
      const [next] = this.#database.all("SELECT coalesce(max(id), 0) + 1 FROM tables");
      const tableName = { id: Number(next![0]), operator: this.id, name };
      this.#make(tableName);
      table = new SqliteTable(this.#database, tableName, 0);
      this.#tables.set(name, table);
    }
    return table;
  }

  /** A batch begins. */
  began(): void {
    for (const table of this.#tables.values()) table.resetCounts();
  }

  /** Stores the numbers of rows; to be called before the transaction is committed. */
  storeCounts(): void {
    for (const { hasNewCount, numRows, tableName } of this.#tables.values()) {
      if (hasNewCount) this.#setRows.run(numRows, tableName.id);
    }
  }

  /** The transaction is committed. */
  committed(): void {
    this.#newTables = [];
    for (const table of this.#tables.values()) table.committed();
  }

  /** The transaction is rolled back. */
  rolledBack(): void {
    for (const table of this.#tables.values()) table.rolledBack();
    const lost = this.#newTables;
    this.#newTables = [];
    for (const tableName of lost) this.#make(tableName);
  }

  #make(tableName: TableName): void {
    const { id, operator, name } = tableName;
    const attempted = `make table "${name}" of operator "${operator}"`;
    const make = () => {
      this.#database.exec(attempted, SqliteTable.ddl(id));
      this.#database.all("INSERT INTO tables VALUES (?, ?, ?, 0)", id, operator, name);
    };
    if (this.#database.inTransaction) {
      this.#newTables.push(tableName);
      this.#database.write(attempted, make);
    } else {
      this.#database.transaction(attempted, make);
    }
  }

  #sum(count: (table: SqliteTable) => number): number {
    let sum = 0;
    for (const table of this.#tables.values()) sum += count(table);
    return sum;
  }
}
