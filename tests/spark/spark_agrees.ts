/**
 * Tests against Spark with Delta Lake, by `deno task test:spark`: they take minutes and download
 * half a gigabyte the first time, so they are not named as the tests of `deno task test` are. All
 * share one Spark.
 *
 *     deno task test:spark --filter "/answer/"      queries over streams
 *     deno task test:spark --filter "/hand/"        a query begun by one and taken over by the other
 *     deno task test:spark --filter "/table/"       Delta tables
 */
import type { EngineServer } from "../support/engine_server.ts";
import { queriesAreHandedOver } from "./hand_over.ts";
import { queriesAgree } from "./queries_agree.ts";
import { startSpark } from "./spark_engine.ts";
import { tablesAgree } from "./tables_agree.ts";

let server: EngineServer;

Deno.test.beforeAll(async () => {
  server = await startSpark();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

queriesAgree(() => server);
queriesAreHandedOver(() => server);
tablesAgree(() => server);
