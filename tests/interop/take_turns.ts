import { deepEqual, notEqual, rejects } from "assert";
import { DeltaTable } from "../../lib/delta/mod.ts";
import { digestRows, type RowsDigest } from "../support/canonical_rows.ts";
import type { EngineServer } from "../support/engine_server.ts";
import { RowsModel } from "./rows_model.ts";
import type { EngineName, Limits, Operation } from "./table_recipes.ts";

/** Who takes part. */
export interface Players {
  readonly server: EngineServer;
  /** The engine that writes by turns with us. */
  readonly writer: EngineName;
  /** The engines that read what we have written. */
  readonly readers: readonly EngineName[];
}

/** What we read in a version of a table, the newest by default. */
export async function digestOf(path: string, version?: number): Promise<RowsDigest> {
  const table = await DeltaTable.open(path, version);
  return digestRows(table.schema, await Array.fromAsync(table.rows()));
}

/** Checks that engines read the same as we do in every version, or fail as they are known to. */
export async function checkVersions(
  server: EngineServer,
  engines: readonly EngineName[],
  path: string,
  limits: Limits,
): Promise<void> {
  const newest = (await DeltaTable.open(path)).version;
  for (const engine of engines) {
    const refusal = refusalOf(limits, engine, "read");
    const misread = limits.misread?.[engine];
    if (refusal !== undefined) {
      await rejects(server.read(engine, path), refusal, `${engine} reads it now`);
    } else if (misread !== undefined) {
      const { digest } = await server.read(engine, path);
      notEqual(digest, (await digestOf(path)).digest, `no more: ${misread}`);
    } else {
      for (let version = 0; version <= newest; version++) {
        const read = await server.read(engine, path, version);
        deepEqual(read, await digestOf(path, version), `${engine} at version ${version}`);
      }
    }
  }
}

/** What rows are to become, in the model in memory. */
type ModelChange = () => void;

/**
 * Changes a table by turns, we and another engine, in all ways there are; after every turn the
 * table must have the rows of a model in memory.
 */
export async function takeTurns(players: Players, path: string, limits: Limits): Promise<void> {
  const { server, writer } = players;
  const table = await DeltaTable.open(path);
  const model = new RowsModel(table.schema, await Array.fromAsync(table.rows()));
  const readers = players.readers.filter((engine) =>
    refusalOf(limits, engine, "read") === undefined && limits.misread?.[engine] === undefined
  );
  const weDo = async (turn: string, change: ModelChange, act: () => Promise<unknown>) => {
    change();
    await act();
    const expected = model.digest();
    deepEqual(await digestOf(path), expected, `we, after: we ${turn}`);
    for (const engine of readers) {
      deepEqual(await server.read(engine, path), expected, `${engine}, after: we ${turn}`);
    }
  };
  const theyDo = async (operation: Operation, change: ModelChange, request: object) => {
    const ask = () => server.ask({ do: operation, path, ...request });
    const refusal = refusalOf(limits, writer, operation);
    if (refusal !== undefined) {
      await rejects(ask, refusal, `${writer} can ${operation} now`);
    } else {
      change();
      await ask();
      deepEqual(await digestOf(path), model.digest(), `we, after: ${writer} does ${operation}`);
    }
  };
  const nothing: ModelChange = () => {};
  const [theirs, ours, moved] = [10_000n, 20_000n, 100_000n];
  const ids = model.ids.slice(0, 4);
  const some = ids.slice(0, 3);
  const first = ids[0] ?? 0n;

  await theyDo("append", () => model.put(model.copies(some, theirs)), {
    ids: some.map(Number),
    add_to_id: Number(theirs),
  });
  const appended = model.copies(some, ours);
  await weDo("append", () => model.put(appended), () => table.append(appended));
  await theyDo("merge", () => model.put(model.copies(ids, theirs)), {
    ids: ids.map(Number),
    add_to_id: Number(theirs),
  });
  const merged = model.copies(ids, ours);
  await weDo(
    "merge",
    () => model.put(merged),
    () =>
      table.merge(merged, { on: "target.id = source.id" })
        .whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(),
  );
  await theyDo("delete", () => model.delete((id) => id === first + theirs), {
    where: `id = ${first + theirs}`,
  });
  await weDo(
    "delete",
    () => model.delete((id) => id === first + ours),
    () => table.delete({ where: `id = ${first + ours}` }),
  );
  await theyDo("update", () => model.move((id) => id > theirs && id < ours, moved), {
    set: { id: `id + ${moved}` },
    where: `id > ${theirs} AND id < ${ours}`,
  });
  await weDo(
    "update",
    () => model.move((id) => id > ours && id < moved, moved),
    () => table.update({ set: { id: `id + ${moved}` }, where: `id > ${ours} AND id < ${moved}` }),
  );
  await theyDo("optimize", nothing, {});
  await theyDo("checkpoint", nothing, {});
  const more = model.copies([first], 2n * moved);
  await weDo("append behind a checkpoint", () => model.put(more), () => table.append(more));
  await weDo("optimize", nothing, () => table.optimize({}));
  await weDo("write a checkpoint", nothing, () => table.checkpoint());
  await theyDo("vacuum", nothing, {});
  await weDo("vacuum", nothing, () => table.vacuum({ retentionHours: 0, enforceRetention: false }));
}

function refusalOf(
  { refused = [] }: Limits,
  engine: EngineName,
  operation: Operation,
): RegExp | undefined {
  return refused.find((refusal) =>
    refusal.engine === engine && refusal.operations.includes(operation)
  )?.says;
}
