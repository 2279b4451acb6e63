/**
 * Creates a file with these contents unless it exists, and returns whether it did. The file appears
 * whole or not at all, whoever else tries: it is written beside its place, flushed, and linked, and
 * a link never replaces. When this returns true, it survives a power cut.
 */
export async function putIfAbsent(path: string, contents: Uint8Array): Promise<boolean> {
  const { folder, name } = splitPath(path);
  const temporary = `${folder}/.${name}.${crypto.randomUUID()}.tmp`;
  try {
    await writeFlushed(temporary, contents);
    await Deno.link(temporary, path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  } finally {
    // It is absent only if it could not be made, and then that is the error to tell.
    await Deno.remove(temporary).catch(() => {});
  }
  await syncFolder(folder);
  return true;
}

/** Writes a file and flushes it to the disk; its folder is not flushed. */
export async function writeFlushed(path: string, contents: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let written = 0; written < contents.length;) {
    written += await file.write(contents.subarray(written));
  }
  await file.sync();
}

/**
 * Replaces a file, or makes it: readers see the old contents or the new, and when this returns, the
 * new survive a power cut.
 */
export async function replaceFile(path: string, contents: Uint8Array): Promise<void> {
  const { folder, name } = splitPath(path);
  const temporary = `${folder}/.${name}.${crypto.randomUUID()}.tmp`;
  try {
    await writeFlushed(temporary, contents);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

/** Makes a folder and those above it, each so that it survives a power cut. */
export async function makeFolder(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const { folder } = splitPath(path);
  if (folder !== ".") await makeFolder(folder);
  try {
    await Deno.mkdir(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    // Another process was faster, or there is a file, or a link to nothing.
    if (!await isFolder(path)) throw new Deno.errors.NotADirectory(`${path} is not a folder`);
  }
  await syncFolder(folder);
}

/** Flushes the names in a folder to the disk. */
export async function syncFolder(folder: string): Promise<void> {
  using file = await Deno.open(folder);
  await file.sync();
}

function splitPath(path: string): { folder: string; name: string } {
  const slash = path.lastIndexOf("/");
  return slash < 0
    ? { folder: ".", name: path }
    : { folder: path.slice(0, slash) || "/", name: path.slice(slash + 1) };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
