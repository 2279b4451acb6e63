import { SluiceError } from "../core/mod.ts";
import { printError } from "./print.ts";

/** Exit code of a command that failed. */
const FAILED = 1;

/** Exit code of a command that was called wrongly. */
const USAGE = 2;

/**
 * Runs what a command does and returns the exit code: the one that `work` returns, else 0. A
 * `SluiceError` is printed to standard error: 2 for a wrong command line (`BAD_FLAG`), else 1. Any
 * other error is a fault in the program and is thrown on.
 */
export async function runCommand(work: () => Promise<number | void>): Promise<number> {
  try {
    return await work() ?? 0;
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    printError(error.message);
    return error.code === "BAD_FLAG" ? USAGE : FAILED;
  }
}
