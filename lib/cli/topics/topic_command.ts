import { SluiceError } from "../../core/mod.ts";
import type { KafkaConnection } from "../../kafka/mod.ts";
import { surroundings } from "../connectors/surroundings.ts";
import {
  type CommandLine,
  type Flags,
  flagsHelp,
  type FlagValues,
  parseCommandLine,
} from "../flags.ts";
import { print } from "../print.ts";

/** One thing that `deno task topics` does. */
export interface TopicCommand {
  /** Its name on the command line. */
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** What `--help` prints. */
  help(): string;
  /** Does it. */
  run(args: readonly string[]): Promise<void>;
}

/** What a command is made of. */
interface CommandParts<F extends Flags> {
  readonly name: string;
  readonly summary: string;
  /** Names of the arguments that are no flags. */
  readonly operands: readonly string[];
  readonly flags: F;
  readonly run: (connection: KafkaConnection, line: CommandLine<F>) => Promise<void>;
}

/** Flags of every command. */
const COMMON_FLAGS = {
  brokers: { type: "string", value: "a:1,b:2", help: "default: KAFKA_BROKERS, else the local one" },
  help: { type: "boolean", help: "print this" },
} as const satisfies Flags;

/** Flags of commands that print a table or JSON. */
export const JSON_FLAG = {
  json: { type: "boolean", help: "print JSON" },
} as const satisfies Flags;

/** A command of its parts. */
export function topicCommand<const F extends Flags>(parts: CommandParts<F>): TopicCommand {
  const { name, summary, operands, run } = parts;
  const flags = { ...parts.flags, ...COMMON_FLAGS };
  const help = () => {
    const line = ["deno task topics", name, ...operands.map((each) => `<${each}>`)].join(" ");
    return `${summary}\n\n  ${line} [options]\n\nOptions\n${flagsHelp(flags)}`;
  };
  return {
    name,
    summary,
    help,
    async run(args) {
      const line = parseCommandLine(`topics ${name}`, args, flags, operands);
      const common: FlagValues<typeof COMMON_FLAGS> = line.flags;
      if (common.help) {
        print(help());
        return;
      }
      const given = common.brokers ?? (await surroundings()).KAFKA_BROKERS;
      const brokers = given?.split(",").map((each) => each.trim());
      await run(brokers === undefined ? {} : { brokers }, line);
    },
  };
}

/**
 * Settings such as `retention.ms=1000 cleanup.policy=compact,delete`, with blanks between them.
 *
 * @throws {SluiceError} `BAD_FLAG` if one has no name or no `=`.
 */
export function settingsOf(flag: string, text: string | undefined): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const setting of wordsOf(text)) {
    const equals = setting.indexOf("=");
    if (equals < 1) {
      throw badFlag(`--${flag}`, JSON.stringify(setting), "name=value, with blanks between them");
    }
    settings[setting.slice(0, equals)] = setting.slice(equals + 1);
  }
  return settings;
}

/** Words with blanks between them. */
export function wordsOf(text: string | undefined): string[] {
  return text?.split(/\s+/).filter((word) => word !== "") ?? [];
}

/** JSON in which integers of 64 bits have all their digits. */
export function exactJson(value: unknown): string {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  return JSON.stringify(
    value,
    (_name, each) => typeof each === "bigint" ? rawJSON(String(each)) : each,
  );
}

/** The error for a flag or an argument that is not as it should be. */
export function badFlag(where: string, found: string, wanted: string): SluiceError {
  const hint = "--help tells what each flag does";
  return new SluiceError("BAD_FLAG", { attempted: "read the flags", where, found, wanted, hint });
}
