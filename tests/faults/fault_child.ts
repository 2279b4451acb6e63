// Runs queries of the fault matrix side by side in a process of its own, stops each at the step that
// it is told, and when all stand still kills itself.
import { KINDS } from "./kinds/mod.ts";
import { hearSteps, runKind } from "./run_kind.ts";
import { type Place, worldAt } from "./world.ts";

/** What a child is told: where it is, and at which step, for the so manieth time, each query stops. */
export interface Doom {
  readonly place: Place;
  /** By the name of the query's kind. */
  readonly stops: Readonly<Record<string, { readonly step: string; readonly hit: number }>>;
}

if (import.meta.main) {
  const { place, stops }: Doom = JSON.parse(Deno.args[0]!);
  const world = worldAt(place);
  const kinds = KINDS.filter(({ name }) => stops[name] !== undefined);
  const running = new Set(kinds);
  const missed: string[] = [];
  const stands = (kind: typeof kinds[number]) => {
    running.delete(kind);
    if (running.size > 0) return;
    Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(missed)));
    Deno.kill(Deno.pid, "SIGKILL");
  };
  using _steps = hearSteps();
  await Promise.all(kinds.map(async (kind) => {
    const { step, hit } = stops[kind.name]!;
    let hits = 0;
    await runKind(world, kind, (reached) => {
      if (reached !== step || ++hits !== hit) return;
      stands(kind);
      return new Promise<never>(() => {});
    });
    missed.push(`${kind.name} at ${step}`);
    stands(kind);
  }));
}
