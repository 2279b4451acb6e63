import { parseArgs } from "node:util";
import { SluiceError } from "../core/mod.ts";

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
 * Reads a command line: `--flag`, `--flag value` and `--flag=value`; `-h` is `--help`.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { parseFlags } from "./flags.ts";
 *
 * const flags = { rate: { type: "string", value: "n", help: "trades a second" } } as const;
 * deepEqual(parseFlags("producer", ["--rate", "500"], flags), { rate: "500" });
 * ```
 *
 * @throws {SluiceError} `BAD_FLAG` for an unknown flag, one without its value or with one too many,
 * and for an argument that is no flag.
 */
export function parseFlags<const F extends Flags>(
  command: string,
  args: readonly string[],
  flags: F,
): FlagValues<F> {
  return parseCommandLine(command, args, flags, []).flags;
}

/** What a command line says. */
export interface CommandLine<F extends Flags> {
  /** The flags that were given. */
  readonly flags: FlagValues<F>;
  /** The arguments that are no flags, as many as the command wants. */
  readonly operands: readonly string[];
}

/**
 * Reads a command line as `parseFlags` does, with arguments that are no flags: `operands` names them,
 * and with `more` any number may follow them. With `--help` none of them needs to be there.
 *
 * @throws {SluiceError} `BAD_FLAG` as `parseFlags`, and for an operand too few or too many.
 */
export function parseCommandLine<const F extends Flags>(
  command: string,
  args: readonly string[],
  flags: F,
  operands: readonly string[],
  { more = false }: { readonly more?: boolean } = {},
): CommandLine<F> {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type }]) =>
      name === "help" ? [name, { type, short: "h" }] : [name, { type }]
    ),
  );
  const refuse = (where: string, found: string, wanted: string): never => {
    throw badFlag(`read the flags of ${command}`, where, found, wanted);
  };
  const names = Object.keys(flags).map((name) => `--${name}`).join(", ");
  const values: Record<string, string | true> = {};
  const given: string[] = [];
  // Not strict: what is wrong is told here, in words that name it.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      if (more || given.length < operands.length) given.push(token.value);
      else return refuse(`"${token.value}"`, "no flag", `one of ${names}`);
      continue;
    }
    const { name, rawName, value, inlineValue } = token;
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag === undefined) return refuse(rawName, "no such flag", `one of ${names}`);
    if (flag.type === "boolean") {
      if (value !== undefined) return refuse(rawName, `the value "${value}"`, "none");
      values[name] = true;
    } else {
      const isMissing = !value || (value.startsWith("-") && !inlineValue);
      if (isMissing) return refuse(rawName, value || "nothing", `a value <${flag.value}> after it`);
      values[name] = value;
    }
  }
  const missing = operands[given.length];
  if (missing !== undefined && !values.help) refuse(`<${missing}>`, "nothing", "a value for it");
  return { flags: values as FlagValues<F>, operands: given };
}

/** The flags as `--help` shows them. */
export function flagsHelp(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, { value, help }]) => ({
    flag: `${name === "help" ? "-h, " : ""}--${name}${value === undefined ? "" : ` <${value}>`}`,
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
  throw badFlag(
    "read the flags",
    `--${flag}`,
    JSON.stringify(text),
    `a whole number of at least ${min}`,
  );
}

function badFlag(attempted: string, where: string, found: string, wanted: string): SluiceError {
  const hint = "--help tells what each flag does";
  return new SluiceError("BAD_FLAG", { attempted, where, found, wanted, hint });
}
