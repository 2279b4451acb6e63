/**
 * What commands share: flags, progress on a terminal or in a log, Ctrl-C. Pipelines call it; it may
 * call every other part.
 *
 * @module
 */
export { type ConnectorFile, readConnectorFile } from "./connectors/connector_file.ts";
export { type FilledConfig, fillReferences } from "./connectors/references.ts";
export { withPostgres } from "./connectors/source_database.ts";
export {
  type MariadbConnection,
  type MariadbLogin,
  withMariadb,
} from "./connectors/source_mariadb.ts";
export type { Variables } from "./connectors/surroundings.ts";
export { mysqlUrl, postgresUrl } from "./database_url.ts";
export {
  type CommandLine,
  type Flag,
  type Flags,
  flagsHelp,
  type FlagValues,
  parseCommandLine,
  parseFlags,
  wholeNumber,
} from "./flags.ts";
export { type FlagCommand, flagCommand } from "./flag_command.ts";
export { print, printError } from "./print.ts";
export { count, ProgressPrinter, type ProgressStyle, type Write } from "./progress_printer.ts";
export { runCommand } from "./run_command.ts";
export { stopOnSignals } from "./stop_on_signals.ts";
