import type { ExpositionFormat } from "../../lib/observe/exposition.ts";
import { pythonCommand, type PythonHome } from "../support/python.ts";

const prometheusHome: PythonHome = {
  folder: "venv-prometheus",
  packages: ["prometheus_client==0.26.0"],
};

/** A metric as the client of the Prometheus project reads it. */
export interface ForeignFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    /** As Python writes it: `3`, `2.5`, `inf`. */
    readonly value: string;
  }[];
}

/** What the client of the Prometheus project reads in a text; throws if it cannot. */
export async function readForeign(
  text: string,
  format: ExpositionFormat,
): Promise<ForeignFamily[]> {
  const { command, args } = await pythonCommand(prometheusHome, "observe/parse_metrics.py", [
    format,
  ]);
  const child = new Deno.Command(command, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
