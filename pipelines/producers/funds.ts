/**
 * Changes funds and their units at random, in the database that the pipeline `funds` captures.
 *
 *     deno task producer:funds --interval 100
 */
import {
  count,
  flagCommand,
  type Flags,
  print,
  printError,
  stopOnSignals,
} from "../../lib/cli/mod.ts";
import { ensureStack } from "../../lib/stack/mod.ts";
import { postgresSource } from "../capture/source_database.ts";
import { changeFunds } from "./change_funds.ts";
import { producerFlags, producerSettings } from "./producer_flags.ts";

const FLAGS = {
  ...producerFlags("transaction", "the time"),
  database: {
    type: "string",
    value: "name",
    help: "the database, made with its tables if it is absent; default finance",
  },
  help: { type: "boolean", help: "show this" },
} as const satisfies Flags;

function main(args: readonly string[]): Promise<number> {
  const about = "Simulates a fund manager's database.";
  return flagCommand({ name: "producer:funds", about, flags: FLAGS }, args, async (values) => {
    const settings = producerSettings(values);
    const { databaseUrl: serverUrl } = await ensureStack({
      services: ["postgres"],
      onProgress: printError,
    });
    const name = values.database ?? "finance";
    const databaseUrl = await postgresSource({
      serverUrl,
      name,
      schemaPath: "data/funds/source.sql",
    });
    const stop = new AbortController();
    using _signals = stopOnSignals(() => stop.abort());
    const changed = await changeFunds({
      databaseUrl,
      ...settings,
      ...(settings.intervalMs === 0
        ? {}
        : { onChange: ({ table, op, row }) => print(`${op} ${table} ${row}`) }),
      signal: stop.signal,
    });
    print(`${count(changed)} changes of rows in database ${name}`);
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
