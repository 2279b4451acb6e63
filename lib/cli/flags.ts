import { parseArgs } from "node:util";
import { errorText, SluiceError } from "../core/mod.ts";

/** One flag of a command. */
export interface Flag {
  /** Whether a value follows it. */
  readonly type: "string" | "boolean";
  /** What it does, for `--help`. */
  readonly help: string;
  /** What stands for the value in `--help`. */
  readonly value?: string;
}

/** The flags of a command by name, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

/** What was given: text for flags with a value, true for the others, and nothing where none was. */
export type FlagValues<F extends Flags> = {
  readonly [K in keyof F]?: F[K]["type"] extends "string" ? string : boolean;
};

/**
 * Reads a command line.
 *
 * @throws {SluiceError} `BAD_FLAG` for an unknown flag, one without its value, or an argument too many.
 */
export function parseFlags<const F extends Flags>(
  command: string,
  args: readonly string[],
  flags: F,
): FlagValues<F> {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type }]) => [name, { type }]),
  );
  try {
    return parseArgs({ args: [...args], options, strict: true }).values as FlagValues<F>;
  } catch (cause) {
    throw new SluiceError("BAD_FLAG", {
      attempted: `read the flags of ${command}`,
      found: errorText(cause),
      hint: `--help lists the flags there are`,
    });
  }
}

/** The flags as `--help` shows them. */
export function flagsHelp(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, { value, help }]) => ({
    flag: `--${name}${value === undefined ? "" : ` <${value}>`}`,
    help,
  }));
  const width = Math.max(...rows.map(({ flag }) => flag.length));
  return rows.map(({ flag, help }) => `  ${flag.padEnd(width)}  ${help}`).join("\n");
}

/**
 * A flag's value as a whole number of at least `min`; `undefined` if the flag was not given.
 *
 * @throws {SluiceError} `BAD_FLAG` if it is none.
 */
export function wholeNumber(
  flag: string,
  text: string | undefined,
  min: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text.replaceAll("_", ""));
  if (Number.isSafeInteger(value) && value >= min && text.trim() !== "") return value;
  throw new SluiceError("BAD_FLAG", {
    attempted: "read the flags",
    where: `--${flag}`,
    found: JSON.stringify(text),
    wanted: `a whole number of at least ${min}`,
  });
}
