import { type Flags, flagsHelp, type FlagValues, parseFlags } from "./flags.ts";
import { print } from "./print.ts";
import { runCommand } from "./run_command.ts";

/** A command that has flags and nothing else. */
export interface FlagCommand<F extends Flags> {
  /** As it is called: `pipeline:funds`. */
  readonly name: string;
  /** What it does, in a sentence for `--help`. */
  readonly about: string;
  /** Its flags; `help` is among them. */
  readonly flags: F;
}

/**
 * Runs a command from a command line, or shows its flags for `--help`; returns the exit code, as
 * `runCommand` does.
 */
export function flagCommand<
  const F extends Flags & { readonly help: { readonly type: "boolean" } },
>(
  { name, about, flags }: FlagCommand<F>,
  args: readonly string[],
  work: (values: FlagValues<F>) => Promise<number | void>,
): Promise<number> {
  return runCommand(async () => {
    const values = parseFlags(name, args, flags);
    if (values.help !== true) return await work(values);
    print(`${about}\n\n${flagsHelp(flags)}`);
  });
}
