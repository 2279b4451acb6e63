import { deepEqual, equal, match, rejects, throws } from "assert";
import {
  type Schema,
  schema as s,
  type SluiceError,
  type StaticTable,
} from "../../../lib/core/mod.ts";
import { deltaSnapshot, type DeltaSnapshotOptions, DeltaTable } from "../../../lib/delta/mod.ts";
import { EveryType, everyTypeBatch } from "../../support/sample_rows.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const never = new AbortController().signal;
const Country = s.struct({ code: s.string(), name: s.string().nullable() });

Deno.test("deltaSnapshot() reads the newest version whenever it is loaded, or the one named", async () => {
  await using folder = await tempFolder();
  const { path } = folder;
  const table = await DeltaTable.create(path, { schema: Country });
  await table.append([{ code: "DE", name: "Germany" }]);
  const newest = deltaSnapshot({ path, schema: Country });
  const first = deltaSnapshot({ path, schema: Country, version: 1 });
  equal(newest.name, `delta(${path})`);
  equal(first.name, `delta(${path}@1)`);
  deepEqual(await readAll(newest), [{ code: "DE", name: "Germany" }]);
  await table.append([{ code: "FR", name: null }]);
  deepEqual((await readAll(newest)).map(({ code }) => code).sort(), ["DE", "FR"]);
  deepEqual(await readAll(first), [{ code: "DE", name: "Germany" }]);
});

Deno.test("deltaSnapshot() stays at its version while others write", async () => {
  await using folder = await tempFolder();
  const { path } = folder;
  const table = await DeltaTable.create(path, { schema: Country });
  for (const code of ["A", "B", "C"]) await table.append([{ code, name: null }]);
  const codes: string[] = [];
  for await (const batch of deltaSnapshot({ path, schema: Country }).load(never)) {
    await table.overwrite([{ code: "X", name: null }]);
    for (const { code } of batch.rows()) codes.push(code);
  }
  deepEqual(codes.sort(), ["A", "B", "C"]);
});

Deno.test("deltaSnapshot() keeps every type, and takes columns by name in its own order", async () => {
  await using folder = await tempFolder();
  const { path } = folder;
  const table = await DeltaTable.create(path, { schema: EveryType, partitionBy: ["small"] });
  await table.append(everyTypeBatch(0, 40));
  const all = await readAll(deltaSnapshot({ path, schema: EveryType }));
  all.sort((a, b) => Number(a.id - b.id));
  deepEqual(all, [...everyTypeBatch(0, 40).rows()]);

  const Some = s.struct({ small: s.short().nullable(), id: s.long() });
  const [batch] = await Array.fromAsync(deltaSnapshot({ path, schema: Some }).load(never));
  deepEqual(Object.keys(batch?.row(0) ?? {}), ["small", "id"]);
});

Deno.test("deltaSnapshot() refuses columns that do not fit, and nulls where there may be none", async () => {
  await using folder = await tempFolder();
  const { path } = folder;
  await DeltaTable.create(path, {
    schema: s.struct({
      id: s.long().nullable(),
      price: s.decimal(18, 2),
      place: s.struct({ city: s.string().nullable() }),
      tags: s.array(s.string().nullable()),
    }),
  });
  const Wanted = s.struct({
    Id: s.long(),
    price: s.decimal(18, 8),
    place: s.struct({ city: s.string() }),
    tags: s.array(s.string()),
  });
  await rejects(readAll(deltaSnapshot({ path, schema: Wanted })), (error: SluiceError) => {
    equal(error.code, "SCHEMA_MISMATCH");
    deepEqual(error.message.split("\n  ").slice(1), [
      "Id: no such column, wanted long",
      "price: decimal(18,2), wanted decimal(18,8)",
      "place.city: nullable, wanted a value always",
      "tags.element: nullable, wanted a value always. Declare the columns as the table does",
    ]);
    return true;
  });
});

Deno.test("deltaSnapshot() takes a nullable column without nulls as one that has none", async () => {
  await using folder = await tempFolder();
  const { path } = folder;
  const table = await DeltaTable.create(path, { schema: s.struct({ id: s.long().nullable() }) });
  await table.append([{ id: 1n }]);
  const snapshot = deltaSnapshot({ path, schema: s.struct({ id: s.long() }) });
  deepEqual(await readAll(snapshot), [{ id: 1n }]);
  await table.append([{ id: null }]);
  await rejects(readAll(snapshot), (error: SluiceError) => {
    equal(error.code, "BAD_VALUE");
    match(error.message, /^Cannot read delta\(.*\) at column "id": found null/);
    return true;
  });
});

Deno.test("deltaSnapshot() says which table or option is wrong, and stops when told to", async () => {
  await using folder = await tempFolder();
  const { path } = folder;
  const schema = Country as Schema;
  await rejects(readAll(deltaSnapshot({ path, schema })), { code: "TABLE_NOT_FOUND" });
  await DeltaTable.create(path, { schema });
  await rejects(readAll(deltaSnapshot({ path, schema, version: 7 })), {
    code: "VERSION_NOT_FOUND",
  });
  deepEqual(await readAll(deltaSnapshot({ path, schema })), []);
  const stopped = AbortSignal.abort(new Error("enough"));
  await rejects(Array.fromAsync(deltaSnapshot({ path, schema }).load(stopped)), /enough/);
  const refused = (options: object, code: string) =>
    throws(() => deltaSnapshot(options as DeltaSnapshotOptions<unknown>), { code });
  refused({ path: "s3://a/b", schema }, "BAD_PATH");
  refused({ path }, "BAD_OPTION");
  refused({ path, schema, version: -1 }, "BAD_OPTION");
  refused({ path, schema, timestamp: new Date() }, "UNKNOWN_OPTION");
});

async function readAll<R>(table: StaticTable<R>): Promise<R[]> {
  const batches = await Array.fromAsync(table.load(never));
  return batches.flatMap((batch) => [...batch.rows()]);
}
