import { failpoint, SluiceError } from "../../core/mod.ts";
import type { KeptTable } from "../../transforms/mod.ts";
import type { Retry } from "../batch/batch_runner.ts";
import type { QueryPlan, StatefulStep } from "../plan/query_plan.ts";
import type { QueryState } from "./query_state.ts";

interface KeptBy {
  readonly step: StatefulStep;
  readonly kept: KeptTable;
}

interface Request {
  readonly name: string;
  readonly answer: PromiseWithResolvers<void>;
}

/**
 * The tables that a query's streams are joined with. The operators keep copies in their state, which
 * change only between batches: at the start of a run, behind the replay of a batch, and when a refresh
 * is asked for. A batch that is run again so sees what its first try saw.
 */
export class KeptTables {
  readonly #tables: readonly KeptBy[];
  readonly #state: QueryState | undefined;
  readonly #retry: Retry;
  readonly #signal: AbortSignal;
  readonly #requests: Request[];
  #hasEnded = false;

  /** For one run of a query, which takes over what was asked for in the run before. */
  constructor(
    plan: QueryPlan,
    state: QueryState | undefined,
    retry: Retry,
    signal: AbortSignal,
    before?: KeptTables,
  ) {
    this.#requests = before === undefined ? [] : before.#requests;
    this.#tables = plan.steps.flatMap((step) =>
      step.kind === "stateless"
        ? []
        : (step.operator.staticTables ?? []).map((kept) => ({ step, kept }))
    );
    this.#state = state;
    this.#retry = retry;
    this.#signal = signal;
  }

  /** Copies all tables. Not while a batch is in hand. */
  async loadAll(): Promise<void> {
    for (const table of this.#tables) await this.#load(table);
  }

  /**
   * Asks for a new copy of a table, made before the next batch is planned; resolves when it is.
   *
   * @throws {SluiceError} `UNKNOWN_TABLE` if the query has none of this name.
   */
  request(name: string): Promise<void> {
    if (!this.#tables.some(({ kept }) => kept.table.name === name)) {
      const names = new Set(this.#tables.map(({ kept }) => kept.table.name));
      throw new SluiceError("UNKNOWN_TABLE", {
        attempted: `refresh table "${name}"`,
        found: names.size === 0 ? "no join with a table" : `tables ${[...names].join(", ")}`,
      });
    }
    const answer = Promise.withResolvers<void>();
    this.#requests.push({ name, answer });
    if (this.#hasEnded) this.end();
    return answer.promise;
  }

  /** True if a refresh is asked for. */
  get isAsked(): boolean {
    return this.#requests.length > 0;
  }

  /** Does what was asked for. What fails is told to those who asked; the old copy stays. */
  async loadAsked(): Promise<void> {
    for (let next = this.#requests[0]; next !== undefined; next = this.#requests[0]) {
      const { name } = next;
      const asked = this.#requests.filter((request) => request.name === name);
      const result = await this.#loadNamed(name);
      // Only now: where the query ends meanwhile, nobody who asked is forgotten.
      for (const request of asked) this.#requests.splice(this.#requests.indexOf(request), 1);
      for (const { answer } of asked) {
        if (result.status === "fulfilled") answer.resolve();
        else answer.reject(result.reason);
      }
      this.#signal.throwIfAborted();
    }
  }

  /** Tells those who still wait that the query has ended. */
  end(): void {
    this.#hasEnded = true;
    for (const { name, answer } of this.#requests.splice(0)) {
      answer.reject(
        new SluiceError("QUERY_ENDED", {
          attempted: `refresh table "${name}"`,
          found: "a query that has ended",
        }),
      );
    }
  }

  async #loadNamed(name: string): Promise<PromiseSettledResult<void>> {
    const [result] = await Promise.allSettled([(async () => {
      for (const table of this.#tables) if (table.kept.table.name === name) await this.#load(table);
    })()]);
    return result;
  }

  async #load({ step, kept }: KeptBy): Promise<void> {
    const state = this.#state!;
    await this.#retry(
      `load table ${kept.table.name}`,
      () =>
        state.transaction(async () => {
          await kept.load(state.of(step), kept.table.load(this.#signal));
        }),
    );
    await failpoint("static:loaded");
  }
}
