/**
 * `deno task topics <command>`: makes Kafka topics, looks into them and changes them.
 *
 * @module
 */
import { print } from "./print.ts";
import { runCommand } from "./run_command.ts";
import { badFlag, type TopicCommand } from "./topics/topic_command.ts";
import { alterCommand, createCommand, resetOffsetCommand } from "./topics/topics_change.ts";
import { describeCommand, lagCommand } from "./topics/topics_look.ts";

const COMMANDS: readonly TopicCommand[] = [
  createCommand,
  describeCommand,
  alterCommand,
  lagCommand,
  resetOffsetCommand,
];

const HELP = `Makes Kafka topics, looks into them and changes them.

  deno task topics <command> [options]

Commands
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(14)}${summary}`).join("\n")}

\`deno task topics <command> --help\` tells the options of a command.`;

async function main([name, ...rest]: readonly string[]): Promise<void> {
  if (name === "--help" || name === "-h") {
    print(HELP);
    return;
  }
  const command = COMMANDS.find((command) => command.name === name);
  if (command === undefined) {
    const names = COMMANDS.map(({ name }) => name).join(", ");
    throw badFlag("the command", name === undefined ? "none" : `"${name}"`, `one of ${names}`);
  }
  await command.run(rest);
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
