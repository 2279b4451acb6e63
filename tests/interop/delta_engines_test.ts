import { EngineServer } from "../support/engine_server.ts";
import { enginesHome } from "../support/python.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { tableRecipes } from "./table_recipes.ts";
import { checkVersions, takeTurns } from "./take_turns.ts";

const engines = ["delta-rs", "duckdb"] as const;
let server: EngineServer;

Deno.test.beforeAll(async () => {
  server = await EngineServer.start(enginesHome, "interop/serve_engines.py");
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

for (const recipe of tableRecipes) {
  Deno.test(`delta-rs and DuckDB read every version of a table with ${recipe.name}`, async () => {
    await using folder = await tempFolder();
    await recipe.make(`${folder.path}/table`);
    await checkVersions(server, engines, `${folder.path}/table`, recipe);
  });

  Deno.test(`we and delta-rs write by turns to a table with ${recipe.name}`, async () => {
    await using folder = await tempFolder();
    await recipe.make(`${folder.path}/table`);
    const players = { server, writer: "delta-rs", readers: engines } as const;
    await takeTurns(players, `${folder.path}/table`, recipe);
  });
}

const configurations: [name: string, partitionBy: string[], properties: Record<string, string>][] =
  [
    ["as it makes them", [], {}],
    ["in partitions", ["kind"], {}],
    ["with a change data feed", [], { "delta.enableChangeDataFeed": "true" }],
    ["with deletion vectors", ["kind"], { "delta.enableDeletionVectors": "true" }],
  ];

for (const [name, partition_by, configuration] of configurations) {
  Deno.test(`we read and change tables of delta-rs ${name}`, async () => {
    await using folder = await tempFolder();
    const [path, to] = [`${folder.path}/ours`, `${folder.path}/theirs`];
    await tableRecipes.find(({ name }) => name === "rows changed by rewriting files")!.make(path);
    await server.ask({ do: "clone", path, to, partition_by, configuration });
    await checkVersions(server, engines, to, {});
    await takeTurns({ server, writer: "delta-rs", readers: engines }, to, {});
  });
}
