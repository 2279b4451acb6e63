import { files } from "../../lib/files/mod.ts";

/** Finds the files of a folder, prints how many records they have, and waits to be killed. */
const [path, own] = Deno.args as [string, string];
const source = files({ path, format: "ndjson" });
await source.open?.(own);
const latest = await source.latestOffsets(new AbortController().signal);
await Deno.stdout.write(new TextEncoder().encode(`${Object.values(latest)[0]![0]}\n`));
await new Promise((resolve) => setTimeout(resolve, 3_600_000));
