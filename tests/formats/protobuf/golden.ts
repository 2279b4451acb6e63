import { fileURLToPath } from "node:url";

/** What `golden/make_golden.py` wrote. */
export interface Golden {
  /** The .proto files in their compiled form, by name. */
  readonly compiled: Readonly<Record<string, string>>;
  /** Records of `sluice.golden.All`, and the rows they are. */
  readonly all: readonly { readonly hex: string; readonly row: Record<string, unknown> }[];
  /** Records with the header of Confluent's serializer. */
  readonly framed: readonly { readonly message: string; readonly hex: string }[];
}

/** Reads what Python wrote. */
export async function readGolden(): Promise<Golden> {
  return JSON.parse(await Deno.readTextFile(goldenPath("golden.json")));
}

/** The text of one of the .proto files. */
export async function goldenProto(name: string): Promise<string> {
  return await Deno.readTextFile(goldenPath(name));
}

function goldenPath(name: string): string {
  return fileURLToPath(new URL(`golden/${name}`, import.meta.url));
}
