import { stackStatus } from "../../stack/mod.ts";
import { type Finding, Findings } from "./finding.ts";

/** Looks for local services that were started and no longer work. */
export async function checkStack(): Promise<readonly Finding[]> {
  const findings = new Findings("stack");
  for (const { title, state, logFile } of await stackStatus()) {
    if (state === "died") {
      const hint = `\`deno task stack:up\` starts it again; ${logFile} may say why`;
      findings.add("broken", title, "its process is gone, and nobody stopped it", hint);
    } else if (state === "silent") {
      const hint = `look into ${logFile}; \`deno task stack:down\` and \`stack:up\` start it again`;
      findings.add("broken", title, "it runs, but does not answer", hint);
    }
  }
  return findings.all;
}
