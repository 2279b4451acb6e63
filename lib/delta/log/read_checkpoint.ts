import { errorText, SluiceError } from "../../core/mod.ts";
import { type Action, parseActions, type Sidecar } from "../protocol/actions.ts";
import { checkpointActions } from "./checkpoint_actions.ts";
import { type LogStore, SIDECARS } from "./log_store.ts";

/**
 * The actions of a checkpoint, those in its sidecars too, a list for each file; `undefined` if one
 * of its own files has vanished.
 *
 * @throws {SluiceError} `CORRUPT_CHECKPOINT` naming the file.
 */
export async function readCheckpoint(
  store: LogStore,
  names: readonly string[],
): Promise<Action[][] | undefined> {
  const lists: Action[][] = [];
  for (const name of names) {
    const actions = await readActions(store, name);
    if (actions === undefined) return undefined;
    lists.push(actions);
  }
  const sidecars = lists.flatMap((actions) => actions.map(({ sidecar }) => sidecar))
    .filter((sidecar) => sidecar !== undefined);
  for (const sidecar of sidecars) lists.push(await readSidecar(store, sidecar));
  return lists;
}

async function readSidecar(store: LogStore, { path }: Sidecar): Promise<Action[]> {
  const name = sidecarName(path);
  const where = `${store.location}/${SIDECARS}`;
  if (name === undefined) throw corrupt(where, JSON.stringify(path), "the name of a file there");
  const actions = await readActions(store, `${SIDECARS}/${name}`);
  if (actions !== undefined) return actions;
  throw corrupt(`${where}/${name}`, "no such file", "a sidecar of the checkpoint");
}

/** The path may be a whole URI; a sidecar lies in its folder all the same. */
function sidecarName(path: string): string | undefined {
  try {
    const name = decodeURIComponent(path.slice(path.lastIndexOf("/") + 1));
    return /[/\\\0]/.test(name) || /^\.{0,2}$/.test(name) ? undefined : name;
  } catch {
    return undefined;
  }
}

async function readActions(store: LogStore, name: string): Promise<Action[] | undefined> {
  const file = await store.read(name);
  if (file === undefined) return undefined;
  const where = `${store.location}/${name}`;
  try {
    return name.endsWith(".json") ? parseActions(file, where) : await checkpointActions(file);
  } catch (cause) {
    if (!(cause instanceof SluiceError)) throw cause;
    const { where: place = where, found = errorText(cause), wanted } = cause.details;
    throw corrupt(place === where ? where : `${where}, ${place}`, found, wanted, cause);
  }
}

function corrupt(where: string, found: string, wanted?: string, cause?: unknown): SluiceError {
  return new SluiceError("CORRUPT_CHECKPOINT", {
    attempted: "read a checkpoint",
    where,
    found,
    ...(wanted === undefined ? {} : { wanted }),
    cause,
  });
}
