import { errorText, type Sink, SluiceError, type Source } from "../../lib/core/mod.ts";
import type {
  QueryListener,
  StreamingQuery,
  StreamingQueryProgress,
  Trigger,
} from "../../lib/streaming/mod.ts";
import { startIn } from "../../lib/streaming/pipeline.ts";
import type { Broker } from "./broker.ts";
import type { ChangingTable } from "./changing_table.ts";
import { CHECKPOINT } from "./checkpoint_location.ts";
import type { Disk } from "./disk.ts";
import { type Doom, Process } from "./process.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import type { SinkStore } from "./sink_store.ts";
import type { World } from "./world.ts";

/** What the database says to a run whose state another has taken over. */
const TAKEN_DATABASE = /database is not open|statement has been finalized/;

/** What a run finds when it starts. */
export interface Surroundings {
  readonly world: World;
  readonly scenario: Scenario;
  readonly broker: Broker;
  readonly disk: Disk;
  readonly stores: readonly SinkStore[];
  readonly table: ChangingTable;
}

/** How one run of the query goes. */
export interface RunOptions {
  readonly trigger: Trigger;
  readonly retryForMs: number;
  readonly maxOffsetsPerTrigger?: number;
  readonly maxBytesPerTrigger?: number;
  /** When it is killed; absent: it is not. */
  readonly doom?: Doom | undefined;
}

/** How a run ended: well, or with an error. */
export interface Ending {
  readonly error: unknown;
}

/** One run of the query, in a process of its own. */
export class Run {
  readonly process: Process;
  /** How it ended; `undefined` while it runs, and for ever if it was killed. */
  ending: Ending | undefined;
  /** True if another process ran the query at the same time. */
  hadRival = false;
  /** True if what a dead process had asked for may have come to pass while this one was at work. */
  hadGhost = false;
  readonly #world: World;
  #query: StreamingQuery | undefined;
  /** What it told of its batches. */
  readonly progress: StreamingQueryProgress[] = [];

  constructor(around: Surroundings, name: string, options: RunOptions) {
    const { world, scenario, broker, disk, stores, table } = around;
    this.#world = world;
    const process = new Process(world, name, options.doom);
    this.process = process;
    process.onDeath(() => disk.release(process));
    const limits = {
      ...(options.maxOffsetsPerTrigger === undefined
        ? {}
        : { maxOffsetsPerTrigger: options.maxOffsetsPerTrigger }),
      ...(options.maxBytesPerTrigger === undefined
        ? {}
        : { maxBytesPerTrigger: options.maxBytesPerTrigger }),
    };
    const sources: Source[] = scenario.topics.map((topic) =>
      broker.source(process, topic.name, limits)
    );
    const sinks: Sink[] = stores.map((store) => store.sink(process));
    world.trace.tell(name, `starts: ${JSON.stringify(options)}`);
    const started = startIn(scenario.build(sources, sinks, table.table(process)), {
      checkpointLocation: CHECKPOINT,
      outputMode: scenario.outputMode,
      trigger: options.trigger,
      retryForMs: options.retryForMs,
      listener: this.#listener(),
    }, disk.environment(process));
    started.then((query) => {
      this.#query = query;
      return query.awaitTermination();
    }).then(() => this.#end(undefined, disk), (error) => this.#end(error, disk));
  }

  /** True while its code may go on. */
  get isRunning(): boolean {
    return this.process.isAlive && this.ending === undefined;
  }

  /** Asks it to finish the batch in hand and end; kills it if it has not started yet. */
  stop(): void {
    this.#world.trace.tell(this.process.name, "is asked to stop");
    if (this.#query === undefined) this.process.kill("while it starts");
    else this.#query.stop().catch(() => {});
  }

  /** Asks it to read a table again; whether it does is its affair. */
  refresh(table: string): void {
    if (!this.isRunning || this.#query === undefined) return;
    this.#world.trace.tell(this.process.name, `is asked to read ${table} again`);
    this.#query.refresh(table).catch(() => {});
  }

  /** Why its ending is a mistake; `undefined` if it is none. */
  unexpectedEnding(): string | undefined {
    if (this.ending === undefined || this.ending.error === undefined) return undefined;
    const { error } = this.ending;
    const text = `${this.process.name} ended with ${errorText(error)}`;
    if (this.process.hadDiskError && text.includes("input/output error")) return undefined;
    if (error instanceof SluiceError) {
      if (error.retryable) return undefined;
      // With two at work, each may find what the other has just done, and give up.
      if (this.hadRival || (this.hadGhost && error.code === "FENCED")) return undefined;
      return `${text} (${error.code})`;
    }
    if (this.hadRival && TAKEN_DATABASE.test(text)) return undefined;
    return error instanceof Error ? error.stack ?? text : text;
  }

  #end(error: unknown, disk: Disk): void {
    if (!this.process.isAlive) return;
    this.ending = { error };
    disk.release(this.process);
    const how = error === undefined
      ? "ends"
      : `ends with ${error instanceof SluiceError ? `${error.code}: ` : ""}${errorText(error)}`;
    this.#world.trace.tell(this.process.name, how);
  }

  #listener(): QueryListener {
    const { trace } = this.#world;
    return {
      onProgress: (progress) => {
        this.progress.push(progress);
        const { batchId, numInputRows, sinks } = progress;
        const written = sinks.map(({ description, numOutputRows }) =>
          `${description} ${numOutputRows}`
        );
        trace.tell(
          this.process.name,
          `batch ${batchId}: ${numInputRows} records -> ${written.join(", ")} rows`,
        );
      },
      onNotice: (message) => trace.tell(this.process.name, `notes: ${message}`),
    };
  }
}
