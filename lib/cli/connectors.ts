/**
 * `deno task connectors <command>`: makes Kafka Connect's connectors as files say, and looks after them.
 *
 * @module
 */
import { badFlag, type ConnectorCommand } from "./connectors/connector_command.ts";
import { applyCommand } from "./connectors/connectors_apply.ts";
import { pauseCommand, restartCommand, resumeCommand } from "./connectors/connectors_change.ts";
import { deleteCommand } from "./connectors/connectors_delete.ts";
import { statusCommand } from "./connectors/connectors_look.ts";
import { print } from "./print.ts";
import { runCommand } from "./run_command.ts";

const COMMANDS: readonly ConnectorCommand[] = [
  applyCommand,
  statusCommand,
  pauseCommand,
  resumeCommand,
  restartCommand,
  deleteCommand,
];

const HELP = `Makes Kafka Connect's connectors as files say, and looks after them.

  deno task connectors <command> [options]

Commands
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`).join("\n")}

A file is a JSON object of a connector's settings, as in data/connectors/; the connector has
the file's name, or that of a setting "name". \${env:NAME} in a value is filled in from the
environment, where PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE come out of DATABASE_URL too,
and MYSQL_HOST, MYSQL_PORT, MYSQL_USER, MYSQL_PASSWORD and MYSQL_DATABASE out of MYSQL_URL; what
the environment leaves open is that of the local services (deno task stack:up).

Secrets: what is filled in here is never printed, but Kafka Connect keeps it in plain text, in a
topic of its own and for whoever asks its REST API. It is kept out of there by Connect's config
providers: a file may refer to them (\${file:/run/secrets/shop.properties:password}), or
\`apply --keep-references\` leaves \${env:NAME} itself to them. The local Connect has the providers
env and file.

\`deno task connectors <command> --help\` tells the options of a command.`;

async function main([name, ...rest]: readonly string[]): Promise<number | void> {
  if (name === "--help" || name === "-h") {
    print(HELP);
    return;
  }
  const command = COMMANDS.find((command) => command.name === name);
  if (command === undefined) {
    const names = COMMANDS.map(({ name }) => name).join(", ");
    throw badFlag("the command", name === undefined ? "none" : `"${name}"`, `one of ${names}`);
  }
  return await command.run(rest);
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
