import type { StreamingQuery } from "sluice";

/** Queries that run side by side: the first one that fails ends the others. */
export class RunningQueries {
  /** True once they are told to end. */
  isStopping = false;
  readonly #queries: StreamingQuery[] = [];
  readonly #ends: Promise<void>[] = [];
  readonly #errors: unknown[] = [];

  /** Takes a query in as soon as it has started; one that cannot start ends the others. */
  async add(starting: Promise<StreamingQuery>): Promise<void> {
    try {
      const query = await starting;
      this.#queries.push(query);
      this.#ends.push(query.awaitTermination().catch((error) => this.#fail(error)));
      if (this.isStopping) this.stop();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Tells all to end with the batches in hand. */
  stop(): void {
    this.isStopping = true;
    // How they end is told by `ended`.
    for (const query of this.#queries) query.stop().catch(() => {});
  }

  /**
   * Waits until all have ended.
   *
   * @throws what the first query that failed was ended by.
   */
  async ended(): Promise<void> {
    await Promise.all(this.#ends);
    if (this.#errors.length > 0) throw this.#errors[0];
  }

  #fail(error: unknown): void {
    this.#errors.push(error);
    this.stop();
  }
}
