import { SluiceError } from "../core/mod.ts";

/** In this order: the first only marks a subject as deleted, and its versions would be counted on. */
const DELETIONS = ["", "?permanent=true"];

/**
 * Deletes the subjects of a schema registry whose names begin with a prefix, with their versions and
 * levels.
 *
 * @throws {SluiceError} `SUBJECTS_NOT_DELETED`.
 */
export async function forgetSubjects(registryUrl: string, prefix: string): Promise<void> {
  const root = `${registryUrl.replace(/\/+$/, "")}/subjects`;
  const listed = await ask("GET", `${root}?deleted=true`);
  const subjects: string[] = await listed.json();
  for (const subject of subjects.filter((name) => name.startsWith(prefix))) {
    for (const deletion of DELETIONS) {
      const url = `${root}/${encodeURIComponent(subject)}${deletion}`;
      await (await ask("DELETE", url)).body?.cancel();
    }
  }
}

/** A 404 to a deletion is fine: a lesson was killed between the two. */
async function ask(method: "GET" | "DELETE", url: string): Promise<Response> {
  const response = await fetch(url, { method });
  if (response.ok || (method === "DELETE" && response.status === 404)) return response;
  throw new SluiceError("SUBJECTS_NOT_DELETED", {
    attempted: "forget the subjects of a lesson",
    where: new URL(url).pathname,
    found: `status ${response.status}: ${await response.text()}`,
  });
}
