import { deepEqual, ok } from "assert";
import { MISHAPS } from "./chaos.ts";
import { soak } from "./soak.ts";
import { removeSoakLeftovers, soakFolder } from "./soak_folder.ts";

Deno.test("every mishap once, and each record is in every sink exactly once, windows and newest rows too", async () => {
  await removeSoakLeftovers();
  const result = await soak({ folder: soakFolder(), minutes: 0, seed: 20260101 });
  deepEqual(result.differences, [], result.story.join("\n"));
  ok(result.records > 1_000, `${result.records} records`);
  deepEqual(result.story.length, MISHAPS.length + 1, result.story.join("\n"));
});
