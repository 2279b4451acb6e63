import { syncFolder } from "../core/mod.ts";

/** Makes a folder and those above it, each so that it survives a crash of the machine. */
export async function makeFolder(path: string): Promise<void> {
  const parent = parentFolder(path);
  try {
    await Deno.mkdir(path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    if (!(error instanceof Deno.errors.NotFound) || parent === path) throw error;
    await makeFolder(parent);
    await makeFolder(path);
    return;
  }
  await syncFolder(parent);
}

function parentFolder(path: string): string {
  const slash = path.lastIndexOf("/");
  if (slash < 0) return ".";
  return slash === 0 ? "/" : path.slice(0, slash);
}
