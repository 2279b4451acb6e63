// From topic to topic, run by `kafka_sink_query_test.ts` in a process of its own that kills itself.
import { json, kafka, kafkaSink, pipeline, schema as s } from "sluice";
import { onFailpoint } from "../../../lib/core/mod.ts";

/** What the process does, and where it dies. */
export interface CopyJob {
  readonly brokers: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly checkpointLocation: string;
  readonly maxOffsetsPerTrigger: number;
  /** Absent: nowhere. */
  readonly killAt?: string;
  /** At which time it comes by: 1 is the first. */
  readonly hit: number;
}

if (import.meta.main) {
  const job: CopyJob = JSON.parse(Deno.args[0]!);
  const { brokers, maxOffsetsPerTrigger } = job;
  let hits = 0;
  onFailpoint((name) => {
    if (name === job.killAt && ++hits === job.hit) Deno.kill(Deno.pid, "SIGKILL");
  });
  const query = await pipeline("copy")
    .from(kafka({ brokers, topic: job.from, maxOffsetsPerTrigger }))
    .decode(json(s.struct({ id: s.long() })))
    .to(kafkaSink({ brokers, topic: job.to, key: "id" }))
    .start({ checkpointLocation: job.checkpointLocation, trigger: { availableNow: true } });
  await query.awaitTermination();
}
