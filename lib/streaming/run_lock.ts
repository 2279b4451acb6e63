import { SluiceError } from "../core/mod.ts";

/** Held by the one process that runs a query. The system lets go of it when the process ends, however it ends. */
export class RunLock implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Locks a checkpoint location for this process.
   *
   * @throws {SluiceError} `ALREADY_RUNNING` if another process has it.
   */
  static async acquire(checkpointLocation: string): Promise<RunLock> {
    const path = `${checkpointLocation}/sluice/run.lock`;
    const file = await Deno.open(path, { read: true, write: true, create: true });
    if (!await file.tryLock(true)) {
      const holder = (await new Response(file.readable).text()).trim();
      throw new SluiceError("ALREADY_RUNNING", {
        attempted: "start the query",
        where: `checkpoint ${checkpointLocation}`,
        found: `it is run by process ${holder === "" ? "unknown" : holder}`,
        wanted: "one process a checkpoint",
        hint: "stop the other process, or give this query a checkpointLocation of its own",
      });
    }
    await file.truncate(0);
    await file.write(new TextEncoder().encode(String(Deno.pid)));
    return new RunLock(file);
  }

  /** Lets go. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
