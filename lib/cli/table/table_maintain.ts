import { DeltaTable } from "../../delta/mod.ts";
import { wholeNumber } from "../flags.ts";
import { print } from "../print.ts";
import {
  AT_FLAGS,
  badFlag,
  JSON_FLAG,
  namesOf,
  tableCommand,
  timeTravelOf,
} from "./table_command.ts";
import { printPairs } from "./table_pairs.ts";

/** Small files into large ones. */
export const optimizeCommand = tableCommand({
  name: "optimize",
  summary: "Rewrites small files into large ones; the rows stay the same.",
  flags: {
    "z-order": { type: "string", value: "a,b", help: "keep rows near that are near in these" },
    where: { type: "string", value: "sql", help: "these partitions only" },
    ...JSON_FLAG,
  },
  async run(path, { flags }) {
    const zOrderBy = namesOf(flags["z-order"]);
    const table = await DeltaTable.open(path);
    const result = await table.optimize({
      ...(zOrderBy === undefined ? {} : { zOrderBy }),
      ...(flags.where === undefined ? {} : { where: flags.where }),
    });
    printResult(result, flags.json);
  },
});

/** Files that no version needs. */
export const vacuumCommand = tableCommand({
  name: "vacuum",
  summary: "Removes files that no version within the retention needs.",
  flags: {
    "retain-hours": { type: "string", value: "n", help: "default: the table's property" },
    "dry-run": { type: "boolean", help: "only tell which" },
    ...JSON_FLAG,
  },
  async run(path, { flags }) {
    const retentionHours = wholeNumber("retain-hours", flags["retain-hours"], 0);
    const table = await DeltaTable.open(path);
    const { files, ...counts } = await table.vacuum({
      ...(retentionHours === undefined ? {} : { retentionHours }),
      ...(flags["dry-run"] ? { dryRun: true } : {}),
    });
    if (!flags.json) { for (const { path } of files) print(path); }
    printResult(flags.json ? { ...counts, files } : counts, flags.json);
  },
});

/** Back to an older version. */
export const restoreCommand = tableCommand({
  name: "restore",
  summary: "Makes a new version that is as an older one was.",
  flags: { ...AT_FLAGS, ...JSON_FLAG },
  async run(path, { flags }) {
    const at = timeTravelOf(flags);
    if (at === undefined) throw badFlag("--version", "nothing", "the version to go back to");
    const table = await DeltaTable.open(path);
    printResult(await table.restore(at), flags.json);
  },
});

function printResult(result: object, json: boolean | undefined): void {
  if (json) print(JSON.stringify(result));
  else printPairs(Object.entries(result));
}
