import { localLogStore } from "../../lib/delta/mod.ts";
import { TableState } from "../../lib/delta/table_state.ts";
import { interrupted } from "./log_store_faults.ts";

/** A table whose first commit from now on comes second: another process is just ahead of it. */
export async function overtaken(
  path: string,
  act: (other: TableState) => Promise<void>,
): Promise<TableState> {
  let isFirst = true;
  const store = interrupted(localLogStore(path), {
    async before() {
      if (!isFirst) return;
      isFirst = false;
      await act(await TableState.open(path));
    },
  });
  return await TableState.open(path, { store });
}
