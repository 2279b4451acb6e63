import { deepEqual, ok } from "assert";
import { checkout as root } from "../support/paths.ts";

/** What each part may import, besides itself: the arrows of the design, all one way. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "lib/core": [],
  "lib/connect": ["lib/core"],
  "lib/database": ["lib/core"],
  "lib/kafka": ["lib/core"],
  "lib/files": ["lib/core", "lib/formats", "lib/parquet"],
  "lib/formats": ["lib/core"],
  "lib/local": ["lib/core"],
  "lib/mysql": ["lib/core", "lib/database"],
  "lib/parquet": ["lib/core"],
  "lib/postgres": ["lib/core", "lib/database"],
  "lib/sql": ["lib/core"],
  "lib/stack": ["lib/core"],
  "lib/state": ["lib/core"],
  "lib/transforms": ["lib/core", "lib/sql", "lib/state"],
  "lib/streaming": ["lib/core", "lib/state", "lib/transforms"],
  "lib/observe": ["lib/core", "lib/streaming"],
  "lib/notebook": ["lib/core", "lib/kafka", "lib/stack", "lib/streaming"],
  "lib/delta": ["lib/core", "lib/parquet", "lib/sql"],
};
const LEAVES = Object.keys(ALLOWED);

/** Parts that may import everything below them. */
const UPPER: Readonly<Record<string, readonly string[]>> = {
  "lib/mod.ts": LEAVES,
  "lib/cli": [...LEAVES, "lib/mod.ts"],
  "pipelines": [...LEAVES, "lib/mod.ts", "lib/cli"],
};

Deno.test("imports point one way, from the pipelines down to core, and only through mod.ts", async () => {
  const wrong: string[] = [];
  let seen = 0;
  for (const file of [...await sources("lib"), ...await sources("pipelines")]) {
    const part = partOf(file);
    const allowed = ALLOWED[part] ?? UPPER[part];
    ok(allowed !== undefined, `${file} is in a part that no rule names: ${part}`);
    for (const specifier of await importsOf(file)) {
      const target = resolve(file, specifier);
      if (target === undefined || target === "deno.json") continue;
      seen++;
      const targetPart = partOf(target);
      if (targetPart === part) continue;
      if (!allowed.includes(targetPart)) wrong.push(`${file} imports ${targetPart}`);
      else if (!target.endsWith("/mod.ts")) wrong.push(`${file} imports ${target}, not its mod.ts`);
    }
  }
  ok(seen > 100, `only ${seen} imports were found: the search is broken`);
  deepEqual(wrong, []);
});

/** Within the Delta folder too: each of these may import those before it. */
const DELTA_FOLDERS = [
  "protocol",
  "log",
  "files",
  "scan",
  "transactions",
  "commands",
  "sink",
  "source",
];

Deno.test("the folders of lib/delta import one way, from source down to protocol", async () => {
  const wrong: string[] = [];
  for (const [i, folder] of DELTA_FOLDERS.entries()) {
    for (const file of await sources(`lib/delta/${folder}`)) {
      for (const specifier of await importsOf(file)) {
        const target = resolve(file, specifier)?.match(/^lib\/delta\/(\w+)\//)?.[1];
        if (target === undefined || DELTA_FOLDERS.indexOf(target) <= i) continue;
        wrong.push(`${file} imports ${specifier}`);
      }
    }
  }
  deepEqual(wrong, []);
});

Deno.test("every part of lib opens with a paragraph that says what it is", async () => {
  for (const part of LEAVES) {
    const path = part === "lib/formats" ? "lib/formats/json/mod.ts" : `${part}/mod.ts`;
    const text = await Deno.readTextFile(`${root}/${path}`);
    ok(text.startsWith("/**"), `${path} does not open with a comment`);
    ok(text.includes("@module"), `${path} has no @module comment`);
  }
});

async function sources(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${root}/${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory) files.push(...await sources(path));
    else if (name.endsWith(".ts")) files.push(path);
  }
  return files;
}

async function importsOf(file: string): Promise<string[]> {
  const text = await Deno.readTextFile(`${root}/${file}`);
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "");
  return [...code.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]!);
}

/** The file that a specifier names (`deno.json` for its version); `undefined` for a package. */
function resolve(file: string, specifier: string): string | undefined {
  if (specifier === "sluice") return "lib/mod.ts";
  if (specifier.startsWith("sluice/")) return `lib/${specifier.slice("sluice/".length)}/mod.ts`;
  if (!specifier.startsWith(".")) return undefined;
  return new URL(specifier, `file:///${file}`).pathname.slice(1);
}

function partOf(file: string): string {
  const [top, second] = file.split("/");
  return top === "lib" ? `lib/${second}` : top!;
}
