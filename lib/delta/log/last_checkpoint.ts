import { createHash } from "node:crypto";
import { LAST_CHECKPOINT } from "./log_files.ts";
import type { LogStore } from "./log_store.ts";

/** What `_last_checkpoint` says of the newest checkpoint; readers may do without it. */
export interface LastCheckpoint {
  /** Of the table. */
  readonly version: number;
  /** How many actions it has, those in sidecars too. */
  readonly size: number;
  /** Of all its files, in bytes. */
  readonly sizeInBytes: number;
  /** How many data files the table has. */
  readonly numOfAddFiles: number;
  /** The file of a v2 checkpoint. */
  readonly v2Checkpoint?: {
    readonly path: string;
    readonly sizeInBytes: number;
    readonly modificationTime: number;
  };
}

/** Writes the hint that a checkpoint is there. */
export async function writeLastCheckpoint(store: LogStore, hint: LastCheckpoint): Promise<void> {
  const text = JSON.stringify({ ...hint, checksum: jsonChecksum(hint) });
  await store.write(LAST_CHECKPOINT, new TextEncoder().encode(text));
}

/**
 * The MD5 of a JSON object whatever the order of its members, in hexadecimal; `checksum` itself does
 * not count. See Delta's "JSON checksum".
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { jsonChecksum } from "./last_checkpoint.ts";
 *
 * const example = { k0: "'v 0'", checksum: "adsaskfljadfkjadfkj", k1: { k2: 2, k3: ["v3", [1, 2], { k4: "v4", k5: ["v5", "v6", "v7"] }] } };
 * equal(jsonChecksum(example), "6a92d155a59bf2eecbd4b4ec7fd1f875");
 * ```
 */
export function jsonChecksum(object: object): string {
  const { checksum: _, ...members } = object as { readonly checksum?: unknown };
  const leaves = new Map<string, string>();
  addLeaves(members, "", leaves);
  // In the order of the paths alone: with the values behind them, 10 would go before 1.
  const lines = [...leaves.keys()].sort().map((path) => `${path}=${leaves.get(path)}`);
  return createHash("md5").update(lines.join(",")).digest("hex");
}

/** Every value within, by the way to it; there is nothing but ASCII in either. */
function addLeaves(value: unknown, path: string, leaves: Map<string, string>): void {
  if (value === undefined) return;
  if (typeof value !== "object" || value === null) {
    leaves.set(path, typeof value === "string" ? quoted(value) : String(value));
    return;
  }
  const prefix = path === "" ? "" : `${path}+`;
  if (Array.isArray(value)) value.forEach((item, i) => addLeaves(item, `${prefix}${i}`, leaves));
  else {for (const [key, item] of Object.entries(value)) {
      addLeaves(item, prefix + quoted(key), leaves);
    }}
}

function quoted(text: string): string {
  const encoded = encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `"${encoded}"`;
}
