import { SluiceError } from "../../core/mod.ts";
import type { TimeTravel } from "../../delta/mod.ts";
import {
  type CommandLine,
  type Flags,
  flagsHelp,
  type FlagValues,
  parseCommandLine,
  wholeNumber,
} from "../flags.ts";
import { print } from "../print.ts";

/** One thing that `deno task table` does. */
export interface TableCommand {
  /** Its name on the command line. */
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** What `--help` prints. */
  help(): string;
  /** Does it to the table at `path`. */
  run(path: string, args: readonly string[]): Promise<void>;
}

/** What a command is made of. */
interface CommandParts<F extends Flags> {
  readonly name: string;
  readonly summary: string;
  /** Names of the arguments that are no flags. */
  readonly operands?: readonly string[];
  readonly flags: F;
  readonly run: (path: string, line: CommandLine<F>) => Promise<void>;
}

/** Flags of every command. */
const HELP_FLAG = { help: { type: "boolean", help: "print this" } } as const;

/** Flags of commands that print a table or JSON. */
export const JSON_FLAG = {
  json: { type: "boolean", help: "print JSON" },
} as const satisfies Flags;

/** Flags of commands that look at one version. */
export const AT_FLAGS = {
  version: { type: "string", value: "n", help: "a version instead of the newest" },
  timestamp: { type: "string", value: "time", help: "the version of that time (ISO 8601)" },
} as const satisfies Flags;

/** A command of its parts. */
export function tableCommand<const F extends Flags>(parts: CommandParts<F>): TableCommand {
  const { name, summary, operands = [], run } = parts;
  const flags = { ...parts.flags, ...HELP_FLAG };
  const help = () => {
    const line = ["deno task table <path>", name, ...operands.map((each) => `<${each}>`)].join(" ");
    return `${summary}\n\n  ${line} [options]\n\nOptions\n${flagsHelp(flags)}`;
  };
  return {
    name,
    summary,
    help,
    async run(path, args) {
      const line = parseCommandLine(`table ${name}`, args, flags, operands);
      if (line.flags.help) print(help());
      else await run(path, line);
    },
  };
}

/**
 * The version that `--version` or `--timestamp` name; `undefined` for the newest.
 *
 * @throws {SluiceError} `BAD_FLAG` if they name none, or are both there.
 */
export function timeTravelOf(flags: FlagValues<typeof AT_FLAGS>): TimeTravel | undefined {
  const version = wholeNumber("version", flags.version, 0);
  if (flags.timestamp === undefined) return version === undefined ? undefined : { version };
  if (version !== undefined) {
    throw badFlag("--timestamp", "--version too", "one of the two");
  }
  const timestamp = new Date(flags.timestamp);
  if (Number.isNaN(timestamp.getTime())) {
    throw badFlag(
      "--timestamp",
      JSON.stringify(flags.timestamp),
      "a time such as 2026-01-31T12:00Z",
    );
  }
  return { timestamp };
}

/** The names of a flag such as `--columns a,b`; `undefined` if it was not given. */
export function namesOf(text: string | undefined): string[] | undefined {
  return text?.split(",").map((name) => name.trim());
}

/** The error for a flag that is not as it should be. */
export function badFlag(where: string, found: string, wanted: string): SluiceError {
  const hint = "--help tells what each flag does";
  return new SluiceError("BAD_FLAG", { attempted: "read the flags", where, found, wanted, hint });
}
