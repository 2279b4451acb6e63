import type { CheckpointFiles, Environment } from "../../lib/streaming/environment.ts";
import { failpoint } from "../../lib/core/mod.ts";
import { failpointsOf } from "../../lib/streaming/mod.ts";
import type { Kind, SinkSpec } from "./kinds/mod.ts";

/** What a query does about an error at a step that may pass: it tries again, or it ends. */
export type Reaction = "tries again" | "ends" | "goes on";

/** A step of a query at which it can be stopped or disturbed. */
export interface Step {
  readonly name: string;
  /** `first`: only before the first batch of all; `start`: in every run; `batch`: in every batch. */
  readonly when: "first" | "start" | "batch";
  /** What a retryable error there comes to. */
  readonly reaction: Reaction;
}

/** The files of a checkpoint, as each is written once before the engine goes on, and once after. */
const FILES: readonly Step[] = ([
  ["metadata", "first", "ends"],
  ["sources", "first", "tries again"],
  ["topics", "start", "tries again"],
  ["offsets", "batch", "ends"],
  ["commits", "batch", "ends"],
] as const).flatMap(([file, when, reaction]) =>
  ["writing", "written"].map((time) => ({ name: `${file}:${time}`, when, reaction }))
);

const SINKS: Readonly<Record<SinkSpec["type"], readonly Step[]>> = {
  postgres: [
    { name: "postgres:prepared", when: "start", reaction: "tries again" },
    { name: "postgres:fenced", when: "start", reaction: "tries again" },
    { name: "postgres:copied", when: "batch", reaction: "tries again" },
    { name: "postgres:applied", when: "batch", reaction: "tries again" },
    { name: "postgres:committing", when: "batch", reaction: "tries again" },
    { name: "postgres:committed", when: "batch", reaction: "tries again" },
  ],
  delta: [
    { name: "delta:staged", when: "batch", reaction: "tries again" },
    { name: "delta:committing", when: "batch", reaction: "tries again" },
    { name: "delta:committed", when: "batch", reaction: "tries again" },
    // A table is whole without its checkpoint.
    { name: "delta:checkpoint-written", when: "batch", reaction: "goes on" },
  ],
  kafka: [
    { name: "kafka:fenced", when: "start", reaction: "tries again" },
    { name: "kafka:written", when: "batch", reaction: "tries again" },
    { name: "kafka:staged", when: "batch", reaction: "tries again" },
    { name: "kafka:committed", when: "batch", reaction: "tries again" },
  ],
  deadLetters: [],
};

const RETRIED = /^(reading|(staged|committing|committed):\d+)$/;

/** Every step of a query of this kind, those of the engine, of its sinks and of its checkpoint. */
export function stepsOf({ sinks, hasState, hasTables = false }: Kind): Step[] {
  const engine = failpointsOf({ numSinks: sinks.length, hasState, hasTables });
  const types = new Set(sinks.map(({ type }) => type));
  return [
    ...FILES,
    ...engine.map((name): Step => ({
      name,
      when: name === "static:loaded" ? "start" : "batch",
      reaction: RETRIED.test(name) ? "tries again" : "ends",
    })),
    ...[...types].flatMap((type) => SINKS[type]),
  ];
}

/** The same surroundings, with a failpoint before and after each file of a checkpoint is written. */
export function withFileSteps(environment: Environment): Environment {
  const { files } = environment;
  const around = async <T>(path: string, write: () => Promise<T>): Promise<T> => {
    const file = fileAt(path);
    await failpoint(`${file}:writing`);
    const result = await write();
    await failpoint(`${file}:written`);
    return result;
  };
  const disturbed: CheckpointFiles = {
    ...files,
    putIfAbsent: (path, contents) => around(path, () => files.putIfAbsent(path, contents)),
    replace: (path, contents) => around(path, () => files.replace(path, contents)),
  };
  return { ...environment, files: disturbed };
}

function fileAt(path: string): string {
  const [, folder, name] = /([^/]+)\/([^/]+)$/.exec(path)!;
  if (name === "metadata") return "metadata";
  if (folder === "sluice") return "topics";
  return folder === "offsets" || folder === "commits" ? folder : "sources";
}
