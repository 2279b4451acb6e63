import connectPostgres, { type Sql } from "postgres";
import { systemClock } from "../../lib/core/mod.ts";
import { type FundAction, type FundIds, FundSimulator } from "./fund_simulator.ts";

/** What to change, and how fast. */
export interface ChangeFundsOptions {
  /** The database with the tables of data/funds/source.sql. */
  readonly databaseUrl: string;
  /** Transactions to make; absent: until the signal. Most change one row, some several. */
  readonly count?: number;
  /** Milliseconds from one transaction to the next; 0: as fast as they can be made. */
  readonly intervalMs: number;
  /** Absent: another one each time. */
  readonly seed?: number;
  readonly signal: AbortSignal;
  /** Told of each change in the order in which they were made, when it is there for good. */
  readonly onChange?: (change: FundChange) => void;
}

/** A change of a row. */
export interface FundChange {
  readonly table: "fund_metadata" | "fund_unit";
  readonly op: "c" | "u" | "d";
  /** The row as JSON, with all digits of its numbers: as it is now, or as it was when it was deleted. */
  readonly row: string;
}

/**
 * Changes funds and their units at random, as people would: they are opened, priced, renamed, given
 * another id, and closed with all their units. Returns how many changes of rows that were.
 */
export async function changeFunds(options: ChangeFundsOptions): Promise<number> {
  const { databaseUrl, count = Infinity, intervalMs, signal, onChange } = options;
  const sql = connectPostgres(databaseUrl, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    const simulator = new FundSimulator(options.seed ?? Date.now());
    const ids = await idsIn(sql);
    let changed = 0;
    for (let made = 0; made < count && !signal.aborted; made++) {
      const changes = await perform(sql, simulator.next(idsOf(ids)));
      for (const change of changes) {
        note(ids, change);
        onChange?.(change);
      }
      changed += changes.length;
      if (intervalMs > 0) await systemClock.sleep(intervalMs, signal);
    }
    return changed;
  } finally {
    await sql.end();
  }
}

/** The ids of the rows that are there, as they change. */
interface Ids {
  readonly funds: Set<number>;
  readonly units: Map<number, number | null>;
}

async function idsIn(sql: Sql): Promise<Ids> {
  const funds = await sql`select fund_id from fund_metadata order by fund_id`;
  const units = await sql`select unit_id, fund_id from fund_unit order by unit_id`;
  return {
    funds: new Set(funds.map(({ fund_id }) => fund_id)),
    units: new Map(units.map(({ unit_id, fund_id }) => [unit_id, fund_id])),
  };
}

function idsOf({ funds, units }: Ids): FundIds {
  return { funds: [...funds], units };
}

function note({ funds, units }: Ids, { table, op, row }: FundChange): void {
  const { fund_id, unit_id } = JSON.parse(row);
  if (table === "fund_metadata") {
    if (op === "d") funds.delete(fund_id);
    else funds.add(fund_id);
  } else if (op === "d") units.delete(unit_id);
  else units.set(unit_id, fund_id);
}

/** Does it in one transaction; returns what was changed. */
async function perform(sql: Sql, action: FundAction): Promise<FundChange[]> {
  const now = Date.now();
  switch (action.kind) {
    case "insertFund":
      return fundChanges(
        "c",
        await sql<Told[]>`
        insert into fund_metadata as t
          (fund_id, fund_name, fund_code, fund_description, updated_at, fund_price)
        select id, ${action.name}, 'F' || lpad(id::text, 6, '0'), ${action.description}, ${now}, 100
        from nextval(pg_get_serial_sequence('fund_metadata', 'fund_id')) as id
        returning to_jsonb(t)::text as row`,
      );
    case "priceFund":
      return fundChanges(
        "u",
        await sql<Told[]>`
        update fund_metadata as t set fund_price = ${action.price}, updated_at = ${now}
        where fund_id = ${action.fundId} returning to_jsonb(t)::text as row`,
      );
    case "renameFund":
      return fundChanges(
        "u",
        await sql<Told[]>`
        update fund_metadata as t set fund_name = ${action.name}, updated_at = ${now}
        where fund_id = ${action.fundId} returning to_jsonb(t)::text as row`,
      );
    case "renumberFund":
      return await sql.begin(async (transaction) => {
        const before = await transaction<Told[]>`
          select to_jsonb(t)::text as row from fund_metadata t where fund_id = ${action.fundId}`;
        const after = await transaction<Told[]>`
          update fund_metadata as t
          set fund_id = nextval(pg_get_serial_sequence('fund_metadata', 'fund_id'))
          where fund_id = ${action.fundId} returning to_jsonb(t)::text as row`;
        // As Debezium tells it: a row of a key that is gone, and one of a key that is new.
        return [...fundChanges("d", before), ...fundChanges("c", after)];
      });
    case "deleteFund":
      return await sql.begin(async (transaction) => [
        ...unitChanges(
          "d",
          await transaction<Told[]>`
          delete from fund_unit as t where fund_id = ${action.fundId}
          returning to_jsonb(t)::text as row`,
        ),
        ...fundChanges(
          "d",
          await transaction<Told[]>`
          delete from fund_metadata as t where fund_id = ${action.fundId}
          returning to_jsonb(t)::text as row`,
        ),
      ]);
    case "insertUnit":
      return unitChanges(
        "c",
        await sql<Told[]>`
        insert into fund_unit as t (fund_id, unit_price, unit_date)
        values (${action.fundId}, ${action.price}, ${action.date}) returning to_jsonb(t)::text as row`,
      );
    case "priceUnit":
      return unitChanges(
        "u",
        await sql<Told[]>`
        update fund_unit as t set unit_price = ${action.price}
        where unit_id = ${action.unitId} returning to_jsonb(t)::text as row`,
      );
    case "deleteUnit":
      return unitChanges(
        "d",
        await sql<Told[]>`
        delete from fund_unit as t where unit_id = ${action.unitId}
        returning to_jsonb(t)::text as row`,
      );
  }
}

/** A row as Postgres tells it. */
interface Told {
  readonly row: string;
}

function fundChanges(op: FundChange["op"], rows: readonly Told[]): FundChange[] {
  return rows.map(({ row }) => ({ table: "fund_metadata", op, row }));
}

function unitChanges(op: FundChange["op"], rows: readonly Told[]): FundChange[] {
  return rows.map(({ row }) => ({ table: "fund_unit", op, row }));
}
