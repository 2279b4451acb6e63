import type { ServiceName } from "../../lib/stack/mod.ts";
import type { Child } from "./child.ts";
import type { PipelineLine } from "./pipeline_child.ts";
import type { SoakRun } from "./soak_run.ts";

/** Something that befalls a query; when it resolves, everything runs again and batches go on. */
export interface Mishap {
  readonly name: string;
  befall(run: SoakRun): Promise<void>;
}

const ZOMBIE_WAIT_MS = 10_000;

/** All that befalls the query of a soak, dealt like cards. */
export const MISHAPS: readonly Mishap[] = [
  {
    name: "pipeline killed",
    async befall(run) {
      await run.killPipeline();
      await run.pause(0, 1_000);
      run.startPipeline();
      await run.progress();
    },
  },
  {
    name: "pipeline killed while it recovers",
    async befall(run) {
      for (let kills = run.random.integer(2, 4); kills > 0; kills--) {
        await run.killPipeline();
        run.startPipeline();
        await run.pause(200, 1_500);
      }
      await run.progress();
    },
  },
  {
    name: "producer killed",
    async befall(run) {
      await run.killProducer();
      await run.pause(0, 2_000);
      run.startProducer();
      await run.progress();
    },
  },
  {
    name: "pipeline frozen",
    async befall(run) {
      run.signalPipeline("SIGSTOP");
      await run.pause(500, 5_000);
      run.signalPipeline("SIGCONT");
      await run.progress();
    },
  },
  { name: "Postgres restarted", befall: (run) => restart(run, "postgres") },
  { name: "Kafka restarted", befall: (run) => restart(run, "kafka") },
  {
    name: "twin refused",
    async befall(run) {
      await expectEnd(run, run.startTwin(), "ALREADY_RUNNING");
      await run.progress();
    },
  },
  {
    name: "lock lost",
    async befall(run) {
      // One of the two is refused or fenced; which one, and by what, is up to chance.
      const first = run.giveUpPipeline();
      await Deno.remove(`${run.checkpointLocation}/sluice/run.lock`);
      const twin = run.startTwin();
      await Promise.race([run.ending(first), run.ending(twin)]);
      await run.pause(0, 2_000);
      await Promise.all([first.kill(), twin.kill()]);
      run.startPipeline();
      await run.progress();
    },
  },
  {
    name: "zombie fenced",
    async befall(run) {
      // As on a machine that was cut off while another took over with what it had left.
      run.signalPipeline("SIGSTOP");
      const zombie = run.giveUpPipeline();
      await run.moveCheckpoint();
      run.startPipeline();
      // It may have stopped with a lock in Postgres that keeps its successor waiting.
      await run.progressWithin(2, ZOMBIE_WAIT_MS);
      zombie.signal("SIGCONT");
      await expectEnd(run, zombie, "FENCED");
      await run.progress();
    },
  },
];

/** A service goes away, in good order or not, and the pipeline may be killed before it is back. */
async function restart(run: SoakRun, service: ServiceName): Promise<void> {
  const isGentle = run.random.next() < 0.5;
  const killsPipeline = run.random.next() < 0.3;
  await (isGentle ? run.stack.stop(service) : run.stack.kill(service));
  if (killsPipeline) {
    await run.killPipeline();
    run.startPipeline();
  }
  await run.pause(0, 2_000);
  await run.stack.up();
  await run.progress(2);
}

async function expectEnd(run: SoakRun, child: Child, code: string): Promise<void> {
  const ending = await run.ending(child);
  const last: PipelineLine | undefined = JSON.parse(child.lastLine ?? "null") ?? undefined;
  if (ending.code === 1 && last !== undefined && "code" in last && last.code === code) return;
  throw new Error(
    `a pipeline ended with ${ending.code}, not with ${code}: ${child.lastLine}\n${ending.stderr}`,
  );
}
