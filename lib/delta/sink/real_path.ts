import { dirname, join, resolve } from "node:path";

/** The path that names a folder and no other, without links; the folder need not be there yet. */
export async function realPath(path: string): Promise<string> {
  const whole = resolve(path);
  try {
    return await Deno.realPath(whole);
  } catch (error) {
    const parent = dirname(whole);
    if (!(error instanceof Deno.errors.NotFound) || parent === whole) throw error;
    return join(await realPath(parent), whole.slice(parent.length));
  }
}
