/** A folder for one test, gone when the test ends. */
export interface TempFolder extends AsyncDisposable {
  readonly path: string;
  /** The text of a file in it. */
  read(name: string): Promise<string>;
  /** Writes a file in it, and the folders on the way. */
  write(name: string, text: string): Promise<void>;
  /** The names in a folder in it. */
  list(name: string): Promise<string[]>;
}

/** Makes a folder for one test. */
export async function tempFolder(): Promise<TempFolder> {
  const path = await Deno.makeTempDir({ prefix: "sluice-test-" });
  return {
    path,
    read: (name) => Deno.readTextFile(`${path}/${name}`),
    async write(name, text) {
      await Deno.mkdir(`${path}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${path}/${name}`, text);
    },
    list: (name) => Array.fromAsync(Deno.readDir(`${path}/${name}`), (entry) => entry.name),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
