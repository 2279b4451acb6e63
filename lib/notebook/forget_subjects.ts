import { SluiceError } from "../core/mod.ts";

/** Where a schema registry is, as the options of `schemaRegistry` say it. */
export interface RegistryAddress {
  /** Its address, with `user:password@` before the host where it asks for them. */
  readonly url: string;
  /** A bearer token, where it asks for one. */
  readonly token?: string;
}

/** In this order: the first only marks a subject as deleted, and its versions would be counted on. */
const DELETIONS = ["", "?permanent=true"];
const TIMEOUT_MS = 10_000;

/**
 * Deletes the subjects of a schema registry whose names begin with a prefix, with their versions and
 * levels.
 *
 * @throws {SluiceError} `SUBJECTS_NOT_DELETED`.
 */
export async function forgetSubjects(registry: RegistryAddress, prefix: string): Promise<void> {
  const { root, headers } = requestsTo(registry);
  const listed = await ask("GET", `${root}?deleted=true`, headers);
  const subjects: string[] = await listed.json();
  for (const subject of subjects.filter((name) => name.startsWith(prefix))) {
    for (const deletion of DELETIONS) {
      const url = `${root}/${encodeURIComponent(subject)}${deletion}`;
      await (await ask("DELETE", url, headers)).body?.cancel();
    }
  }
}

function requestsTo({ url, token }: RegistryAddress): { root: string; headers: HeadersInit } {
  const address = new URL(url);
  const user = [address.username, address.password].map(decodeURIComponent).join(":");
  address.username = "";
  address.password = "";
  const root = `${address.href.replace(/\/+$/, "")}/subjects`;
  if (token !== undefined) return { root, headers: { authorization: `Bearer ${token}` } };
  if (user === ":") return { root, headers: {} };
  return {
    root,
    headers: { authorization: `Basic ${new TextEncoder().encode(user).toBase64()}` },
  };
}

/** A 404 to a deletion is fine: a lesson was killed between the two. */
async function ask(
  method: "GET" | "DELETE",
  url: string,
  headers: HeadersInit,
): Promise<Response> {
  const response = await fetch(url, { method, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.ok || (method === "DELETE" && response.status === 404)) return response;
  throw new SluiceError("SUBJECTS_NOT_DELETED", {
    attempted: "forget the subjects of a lesson",
    where: new URL(url).pathname,
    found: `status ${response.status}: ${await response.text()}`,
  });
}
