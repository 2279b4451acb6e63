import { deepEqual, equal } from "assert";
import { localLogStore, type LogStore, memoryLogStore } from "../../../lib/delta/mod.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (contents: Uint8Array | undefined) => new TextDecoder().decode(contents);

/** What every log store promises. */
function logStoreContract(
  name: string,
  withStore: (test: (store: LogStore) => Promise<void>) => Promise<void>,
) {
  Deno.test(`${name}: a log that is not there has no files`, () =>
    withStore(async (store) => {
      deepEqual(await store.list(), []);
      equal(await store.read("00000000000000000000.json"), undefined);
    }));

  Deno.test(`${name}: putIfAbsent() creates a file once and never replaces it`, () =>
    withStore(async (store) => {
      equal(await store.putIfAbsent("a.json", bytes("first")), "created");
      equal(await store.putIfAbsent("a.json", bytes("second")), "exists");
      equal(text(await store.read("a.json")), "first");
    }));

  Deno.test(`${name}: of many that put the same file at once, one wins and its bytes are whole`, () =>
    withStore(async (store) => {
      const contents = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(10_000));
      const outcomes = await Promise.all(
        contents.map((content) => store.putIfAbsent("a.json", bytes(content))),
      );
      equal(outcomes.filter((outcome) => outcome === "created").length, 1);
      equal(text(await store.read("a.json")), contents[outcomes.indexOf("created")]);
    }));

  Deno.test(`${name}: write() replaces a file`, () =>
    withStore(async (store) => {
      await store.write("_last_checkpoint", bytes("first"));
      await store.write("_last_checkpoint", bytes("second"));
      equal(text(await store.read("_last_checkpoint")), "second");
    }));

  Deno.test(`${name}: list() has all names in order, and nothing that is left over`, () =>
    withStore(async (store) => {
      for (const name of ["2.json", "_last_checkpoint", "10.json", "1.json"]) {
        await store.putIfAbsent(name, bytes(name));
        await store.putIfAbsent(name, bytes("again"));
      }
      await store.write("1.json", bytes("new"));
      deepEqual(await store.list(), ["1.json", "10.json", "2.json", "_last_checkpoint"]);
    }));
}

logStoreContract("memoryLogStore", (test) => test(memoryLogStore()));
logStoreContract("localLogStore", async (test) => {
  const folder = await Deno.makeTempDir();
  try {
    await test(localLogStore(`${folder}/lake/trades`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
