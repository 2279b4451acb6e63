// The pipeline of the soak: until it is ended, or with `drain` until it has read all there is.
// deno-lint-ignore-file no-console
import { SluiceError } from "../../lib/core/mod.ts";
import { endWithParent } from "./end_with_parent.ts";
import { type SoakPlace, soakQuery } from "./soak_query.ts";

/** What a pipeline is told. */
export interface PipelineJob extends SoakPlace {
  readonly checkpointLocation: string;
  readonly drain: boolean;
}

/** What it prints, a line each. */
export type PipelineLine =
  /** After each batch, with the memory that the process takes, in bytes. */
  | { readonly batchId: number; readonly numInputRows: number; readonly rss: number }
  | { readonly notice: string }
  /** Its last words. */
  | { readonly error: string; readonly code: string | undefined };

if (import.meta.main) {
  endWithParent();
  const { checkpointLocation, drain, ...place }: PipelineJob = JSON.parse(Deno.args[0]!);
  const say = (line: PipelineLine) => console.log(JSON.stringify(line));
  try {
    const query = await soakQuery(place).start({
      checkpointLocation,
      outputMode: "update",
      trigger: drain ? { availableNow: true } : { processingTime: 0 },
      listener: {
        onProgress: ({ batchId, numInputRows }) =>
          say({ batchId, numInputRows, rss: Deno.memoryUsage().rss }),
        onNotice: (notice) => say({ notice }),
      },
    });
    await query.awaitTermination();
    Deno.exit(0);
  } catch (error) {
    const code = error instanceof SluiceError ? error.code : undefined;
    say({ error: error instanceof Error ? error.stack ?? error.message : String(error), code });
    Deno.exit(1);
  }
}
