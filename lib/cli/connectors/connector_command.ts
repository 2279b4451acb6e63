import { SluiceError } from "../../core/mod.ts";
import { ConnectClient } from "../../connect/mod.ts";
import { type Flags, flagsHelp, type FlagValues, parseCommandLine, wholeNumber } from "../flags.ts";
import { print } from "../print.ts";
import { surroundings, type Variables } from "./surroundings.ts";

/** One thing that `deno task connectors` does. */
export interface ConnectorCommand {
  /** Its name on the command line. */
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** What `--help` prints. */
  help(): string;
  /** Does it; returns the exit code where that is not 0. */
  run(args: readonly string[]): Promise<number | void>;
}

/** What a command gets to work with. */
export interface CommandContext<F extends Flags> {
  readonly connect: ConnectClient;
  /** The files or names given. */
  readonly operands: readonly string[];
  readonly flags: FlagValues<F>;
  /** The environment, filled up. */
  readonly variables: Variables;
  /** How long to wait for a connector. */
  readonly wait: { readonly timeoutMs?: number };
}

/** What a command is made of. */
interface CommandParts<F extends Flags> {
  readonly name: string;
  readonly summary: string;
  /** What its operands are. */
  readonly operand: "file" | "name or file";
  /** True: all connectors there are, where no operand is given. */
  readonly allByDefault?: boolean;
  readonly flags: F;
  readonly run: (context: CommandContext<F>) => Promise<number | void>;
}

/** Flags of every command. */
const COMMON_FLAGS = {
  url: {
    type: "string",
    value: "url",
    help: "Kafka Connect's address; default: the variable CONNECT_URL, else the local one",
  },
  timeout: { type: "string", value: "s", help: "how long to wait for a connector; default 60" },
  help: { type: "boolean", help: "print this" },
} as const satisfies Flags;

/** Flags of commands that print a table or JSON. */
export const JSON_FLAG = {
  json: { type: "boolean", help: "print JSON" },
} as const satisfies Flags;

/** A command of its parts. */
export function connectorCommand<const F extends Flags>(parts: CommandParts<F>): ConnectorCommand {
  const { name, summary, operand, allByDefault = false, run } = parts;
  const flags = { ...parts.flags, ...COMMON_FLAGS };
  const operands = allByDefault ? [] : [operand];
  const help = () => {
    const shown = allByDefault ? `[<${operand}> …]` : `<${operand}> …`;
    const line = `deno task connectors ${name} ${shown} [options]`;
    return `${summary}\n\n  ${line}\n\nOptions\n${flagsHelp(flags)}`;
  };
  return {
    name,
    summary,
    help,
    async run(args) {
      const line = parseCommandLine(`connectors ${name}`, args, flags, operands, { more: true });
      const common: FlagValues<typeof COMMON_FLAGS> = line.flags;
      if (common.help) {
        print(help());
        return;
      }
      const seconds = wholeNumber("timeout", common.timeout, 1);
      const variables = await surroundings();
      return await run({
        connect: new ConnectClient({ url: connectUrl(common.url, variables) }),
        operands: line.operands,
        flags: line.flags,
        variables,
        wait: seconds === undefined ? {} : { timeoutMs: seconds * 1000 },
      });
    },
  };
}

function connectUrl(given: string | undefined, variables: Variables): string {
  const url = given ?? variables.CONNECT_URL;
  if (url !== undefined) return url;
  throw new SluiceError("NO_CONNECT_URL", {
    attempted: "find Kafka Connect",
    found: "neither --url nor CONNECT_URL in the environment, and none that runs here",
    wanted: "an address such as http://127.0.0.1:18083",
    hint: "`deno task stack:up --with connect` starts one",
  });
}

/** The error for a flag or an argument that is not as it should be. */
export function badFlag(where: string, found: string, wanted: string): SluiceError {
  const hint = "--help tells what each flag does";
  return new SluiceError("BAD_FLAG", { attempted: "read the flags", where, found, wanted, hint });
}
