/**
 * `deno task table <path> <command>`: looks into a Delta table and looks after it.
 *
 * @module
 */
import { print } from "./print.ts";
import { runCommand } from "./run_command.ts";
import { badFlag, type TableCommand } from "./table/table_command.ts";
import { changesCommand, diffCommand } from "./table/table_compare.ts";
import {
  detailCommand,
  digestCommand,
  historyCommand,
  readCommand,
  schemaCommand,
} from "./table/table_look.ts";
import { optimizeCommand, restoreCommand, vacuumCommand } from "./table/table_maintain.ts";

const COMMANDS: readonly TableCommand[] = [
  historyCommand,
  detailCommand,
  schemaCommand,
  readCommand,
  digestCommand,
  diffCommand,
  changesCommand,
  optimizeCommand,
  vacuumCommand,
  restoreCommand,
];

const HELP = `Looks into a Delta table, and looks after it.

  deno task table <path> <command> [options]

Commands
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`).join("\n")}

\`deno task table <path> <command> --help\` tells the options of a command.`;

async function main(args: readonly string[]): Promise<void> {
  const [path, name, ...rest] = args;
  if (path === "--help" || path === "-h" || name === "--help" || name === "-h") {
    print(COMMANDS.find((command) => command.name === path)?.help() ?? HELP);
    return;
  }
  const command = COMMANDS.find((command) => command.name === name);
  if (path === undefined || command === undefined) {
    const names = COMMANDS.map(({ name }) => name).join(", ");
    const found = name === undefined ? "none" : `"${name}"`;
    throw badFlag("the command", found, `a table's path and one of ${names}`);
  }
  await command.run(path, rest);
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
