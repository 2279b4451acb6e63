import { type ServiceName, stackStatus } from "../../stack/mod.ts";
import { type Finding, Findings } from "./finding.ts";

/** What `stack:up` starts without being asked for. */
const ALWAYS: readonly ServiceName[] = ["kafka", "postgres"];

/** Looks for local services that were started and no longer work. */
export async function checkStack(): Promise<readonly Finding[]> {
  const findings = new Findings("stack");
  for (const { name, title, state, logFile } of await stackStatus()) {
    const up = ALWAYS.includes(name) ? "stack:up" : `stack:up --with ${name}`;
    if (state === "died") {
      const hint = `\`deno task ${up}\` starts it again; ${logFile} may say why`;
      findings.add("broken", title, "its process is gone, and nobody stopped it", hint);
    } else if (state === "silent") {
      const hint = `look into ${logFile}; \`deno task stack:down\` and \`${up}\` start it again`;
      findings.add("broken", title, "it runs, but does not answer", hint);
    }
  }
  return findings.all;
}
