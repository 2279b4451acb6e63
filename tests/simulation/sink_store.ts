import {
  type CommitOutcome,
  nothingStaged,
  type OutputMode,
  type Sink,
  type SinkContext,
  type SinkWriter,
  SluiceError,
  type StagedBatch,
} from "../../lib/core/mod.ts";
import { foreachBatch } from "../../lib/streaming/mod.ts";
import type { Mutation } from "./mutations.ts";
import type { Process } from "./process.ts";
import { Service } from "./service.ts";
import { type BatchTexts, batchTexts, SinkTable } from "./sink_table.ts";
import type { World } from "./world.ts";

/** What a sink is like. */
export interface SinkStoreOptions {
  /** How it keeps zombies out: by the epoch of the newest run, as Postgres, or by its keys, as Delta. */
  readonly fencing: "epochs" | "keys";
  readonly outputMode: OutputMode;
  readonly takesDeadLetters: boolean;
  readonly isFunction?: boolean;
  readonly rejects?: (row: Record<string, unknown>) => boolean;
  readonly mutation?: Mutation | undefined;
}

/**
 * A sink that outlives all processes: a table that takes a batch with its key in one step, and
 * refuses a key that it has. Whatever breaks the contract of sinks goes into `violations`.
 */
export class SinkStore {
  readonly name: string;
  readonly service: Service;
  readonly table: SinkTable;
  readonly violations: string[] = [];
  /** The newest batch it holds. */
  held = -1;
  readonly #world: World;
  readonly #options: SinkStoreOptions;
  readonly #staged = new Map<number, string>();
  readonly #committed = new Map<number, string>();
  #epoch = 0;
  #queryId = "";

  constructor(world: World, name: string, options: SinkStoreOptions) {
    this.#world = world;
    this.name = name;
    this.service = new Service(world, name, { isRemote: true, roughness: 2 });
    this.table = new SinkTable(options.outputMode, (what) => this.#violated(what));
    this.#options = options;
  }

  /** The sink as a process sees it. */
  sink(process: Process): Sink {
    if (this.#options.isFunction) return this.#function(process);
    return {
      name: this.name,
      takesDeadLetters: this.#options.takesDeadLetters,
      outputModes: ["append", "update", "complete"],
      open: (context) =>
        process.call(this.service, `open ${this.name}`, () => this.#open(process, context)),
    };
  }

  /** A function of the user's, which skips what it has seen, as it is told to. */
  #function(process: Process): Sink {
    return foreachBatch<Record<string, unknown>>((batch, batchId) => {
      const texts = batchTexts({
        batchId,
        batch,
        deadLetters: [],
        startOffsets: {},
        endOffsets: {},
      });
      return process.call(this.service, `commit of ${batchId} in ${this.name}`, () => {
        this.#compareWithEarlier(texts);
        if (this.#has(batchId)) return;
        this.held = batchId;
        this.#write(texts, []);
      });
    });
  }

  #open(process: Process, { queryId, outputMode, keyColumns }: SinkContext): SinkWriter {
    if (this.held >= 0 && queryId !== this.#queryId) {
      this.#violated(`is opened by query ${queryId}`);
    }
    this.#queryId = queryId;
    if (outputMode !== this.#options.outputMode) this.#violated(`is opened for ${outputMode}`);
    if (outputMode === "update" && keyColumns.length === 0) this.#violated("has no key columns");
    const epoch = ++this.#epoch;
    /** What this run has sent to be committed: it may be there though no answer came. */
    const sent = new Set<number>();
    const ask: Ask = (what, answer) =>
      process.call(this.service, `${what} in ${this.name}`, () => {
        if (this.#options.fencing === "epochs" && epoch !== this.#epoch) throw fenced(this.name);
        return answer();
      });
    const { rejects } = this.#options;
    return {
      ...(rejects === undefined ? {} : { reject: rejecting(rejects) }),
      lastBatchId: () => ask("the newest batch", () => this.held),
      stage: (batch) => this.#stage(ask, sent, batchTexts(batch), keyColumns),
      close: () => Promise.resolve(),
    };
  }

  async #stage(
    ask: Ask,
    sent: Set<number>,
    batch: BatchTexts,
    keyColumns: readonly string[],
  ): Promise<StagedBatch> {
    const { batchId } = batch;
    const isThere = await ask(`staging of ${batchId}`, () => {
      this.#compareWithEarlier(batch);
      return this.#has(batchId) && !sent.has(batchId);
    });
    if (isThere) return nothingStaged({ status: "alreadyCommitted" });
    return {
      commit: () => {
        const isOwn = sent.has(batchId);
        sent.add(batchId);
        return this.#commit(ask, isOwn, batch, keyColumns);
      },
      abort: () => Promise.resolve(),
    };
  }

  async #commit(
    ask: Ask,
    isOwn: boolean,
    batch: BatchTexts,
    keyColumns: readonly string[],
  ): Promise<CommitOutcome> {
    const { batchId } = batch;
    const done: CommitOutcome = { status: "committed", numOutputRows: batch.rows.length };
    if (this.#options.mutation === "sink that keeps the key first") {
      const isThere = await ask(`key of ${batchId}`, () => this.#has(batchId));
      this.held = Math.max(this.held, batchId);
      if (!isThere) await ask(`commit of ${batchId}`, () => this.#write(batch, keyColumns));
      return done;
    }
    return await ask(`commit of ${batchId}`, () => {
      this.#compareWithEarlier(batch);
      if (this.#has(batchId)) return isOwn ? done : { status: "alreadyCommitted" };
      if (batchId > this.held + 1) this.#violated(`takes batch ${batchId} after ${this.held}`);
      this.held = Math.max(this.held, batchId);
      this.#write(batch, keyColumns);
      return done;
    });
  }

  #has(batchId: number): boolean {
    return this.held >= batchId && this.#options.mutation !== "sink that forgets the key";
  }

  #write(batch: BatchTexts, keyColumns: readonly string[]): void {
    this.#committed.set(batch.batchId, allTexts(batch));
    const { takesDeadLetters, mutation } = this.#options;
    this.table.write({
      ...batch,
      letters: takesDeadLetters && mutation !== "sink that drops dead letters" ? batch.letters : [],
      deletes: mutation === "sink that forgets deletes" ? [] : batch.deletes,
    }, keyColumns);
  }

  /**
   * A planned batch is the same again, whoever runs it; the order of its rows may be another. Where two
   * runs were at work at once, the one that lost may have made it of a state that is gone: what it
   * staged does not count, only what is committed does.
   */
  #compareWithEarlier(batch: BatchTexts): void {
    const { batchId } = batch;
    const staged = this.#world.hadRivals ? undefined : this.#staged.get(batchId);
    const before = this.#committed.get(batchId) ?? staged;
    const text = allTexts(batch);
    if (before !== undefined && before !== text) {
      this.#violated(`batch ${batchId} was ${before} and now is ${text}`);
    }
    this.#staged.set(batchId, text);
  }

  #violated(what: string): void {
    this.#world.trace.tell(this.name, `BROKEN: ${what}`);
    this.violations.push(`${this.name}: ${what}`);
  }
}

function rejecting(
  rejects: (row: Record<string, unknown>) => boolean,
): NonNullable<SinkWriter["reject"]> {
  return (batch, startRow) =>
    Array.from({ length: batch.numRows - startRow }, (_, i) => startRow + i)
      .filter((index) => rejects(batch.row(index)))
      .map((index) => ({ index, error: "not this one" }));
}

function allTexts({ rows, deletes, letters }: BatchTexts): string {
  return JSON.stringify([rows.toSorted(), deletes.toSorted(), letters.toSorted()]);
}

type Ask = <T>(what: string, answer: () => T) => Promise<T>;

function fenced(name: string): SluiceError {
  return new SluiceError("FENCED", {
    attempted: "write a batch",
    where: `sink ${name}`,
    found: "a newer run of the query",
  });
}
