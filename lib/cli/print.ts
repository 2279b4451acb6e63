const encoder = new TextEncoder();

/** Writes text to standard output, at once and whole. */
export function writeOut(text: string): void {
  writeAll(Deno.stdout, text);
}

/** Writes text to standard error, at once and whole. */
export function writeErr(text: string): void {
  writeAll(Deno.stderr, text);
}

/** Prints a line for the reader of the results. */
export function print(line: string): void {
  writeOut(`${line}\n`);
}

/** Prints a line for whoever watches. */
export function printError(line: string): void {
  writeErr(`${line}\n`);
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  for (let rest = encoder.encode(text); rest.length > 0;) {
    rest = rest.subarray(stream.writeSync(rest));
  }
}
