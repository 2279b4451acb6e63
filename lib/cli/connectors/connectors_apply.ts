import { SluiceError } from "../../core/mod.ts";
import { type AppliedConnector, applyConnector } from "../../connect/mod.ts";
import { print, printError } from "../print.ts";
import { connectorCommand, JSON_FLAG } from "./connector_command.ts";
import { type ConnectorFile, readConnectorFile } from "./connector_file.ts";
import { stateText } from "./connectors_look.ts";
import { type FilledConfig, fillReferences, plainSecrets } from "./references.ts";

/** Connectors as their files say. */
export const applyCommand = connectorCommand({
  name: "apply",
  summary: "Makes connectors as their JSON files say; those that are so already are left alone.",
  operand: "file",
  flags: {
    "keep-references": {
      type: "boolean",
      help: "leave ${env:NAME} to the config provider of Connect's workers, who fill it in from " +
        "their own environment; it then stands nowhere in plain text",
    },
    ...JSON_FLAG,
  },
  async run({ connect, operands, flags, variables, wait }) {
    const files = await Promise.all(operands.map(readConnectorFile));
    // All that can be told without Connect is told before anything is changed.
    const filled = files.map((file) =>
      flags["keep-references"] ? unfilled(file) : fillReferences(file, variables)
    );
    for (const [i, file] of files.entries()) {
      warnOfPlainSecrets(file);
      const { config, redact } = filled[i]!;
      const applied = await redacted(
        redact,
        () => applyConnector(connect, file.name, config, wait),
      );
      print(flags.json ? appliedJson(file.name, applied) : appliedText(file.name, applied));
    }
  },
});

function unfilled({ config }: ConnectorFile): FilledConfig {
  return { config, redact: (text) => text };
}

function warnOfPlainSecrets({ path, config }: ConnectorFile): void {
  for (const name of plainSecrets(config)) {
    printError(
      `${path}: ${name} stands there in plain text; \${env:NAME} keeps it out of the file`,
    );
  }
}

/** Runs `work`; no secret gets into the message of what it throws. */
async function redacted<T>(redact: (text: string) => string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const { found, ...details } = error.details;
    if (found === undefined) throw error;
    throw new SluiceError(error.code, { ...details, found: redact(found) });
  }
}

/** Only the names of settings: their values may be secrets. */
function appliedText(name: string, { outcome, changed, status }: AppliedConnector): string {
  const what = outcome === "changed"
    ? `${outcome} ${name} (${changed.join(", ")})`
    : `${outcome} ${name}`;
  const rests = status.state === "PAUSED" || status.state === "STOPPED";
  const hint = rests ? `; \`deno task connectors resume ${name}\` lets it go on` : "";
  return `${what}: ${stateText(status)}${hint}`;
}

function appliedJson(name: string, { outcome, changed, status }: AppliedConnector): string {
  return JSON.stringify({ name, outcome, changed, state: status.state, tasks: status.tasks });
}
