import { DatabaseSync } from "node:sqlite";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

const COMMIT = "commit of the state";

/** A process's connection to the state: its commits may fail, before they take effect or after. */
export class StateConnection extends DatabaseSync {
  /** Gone with the connection, which the runtime keeps for ever: it would keep its world too. */
  #owner: { readonly world: World; readonly process: Process } | undefined;

  constructor(world: World, process: Process, uri: string) {
    super(uri);
    this.#owner = { world, process };
  }

  override exec(sql: string): void {
    if (sql !== "COMMIT" || this.#owner === undefined) return super.exec(sql);
    const { world: { trace, weather, random }, process } = this.#owner;
    const fails = random.next() < weather.lostAnswers / 4;
    const comesTooLate = random.next() < 0.5;
    trace.step(process.name, COMMIT);
    process.takeStep("before", COMMIT);
    if (!fails || comesTooLate) super.exec(sql);
    process.takeStep("after", COMMIT);
    if (!fails) return;
    process.hadDiskError = true;
    trace.tell(process.name, `gets no answer: ${COMMIT}`);
    throw new Error("input/output error");
  }

  override close(): void {
    this.#owner = undefined;
    super.close();
  }
}
