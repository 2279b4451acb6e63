import { basename } from "node:path";
import { isRecord, SluiceError } from "../../core/mod.ts";
import type { ConnectorConfig } from "../../connect/mod.ts";

/** A connector as a file has it. */
export interface ConnectorFile {
  /** Where the file is. */
  readonly path: string;
  /** The connector's name: the file's `name`, else the name of the file itself. */
  readonly name: string;
  /** Its configuration, with references such as `${env:PGPASSWORD}` as they stand. */
  readonly config: ConnectorConfig;
}

const ATTEMPTED = "read a connector's file";

/**
 * Reads a connector's file: a JSON object of its settings, or one of `name` and `config` as Kafka
 * Connect itself takes it.
 *
 * @throws {SluiceError} `BAD_CONNECTOR_FILE`.
 */
export async function readConnectorFile(path: string): Promise<ConnectorFile> {
  const content = parse(path, await readText(path));
  const isWrapped = isRecord(content.config);
  const { name: givenName, ...config } = isWrapped
    ? { ...content.config as object, name: content.name }
    : content;
  const name = givenName ?? basename(path, ".json");
  if (typeof name !== "string" || name === "") {
    throw badFile(path, `the name ${JSON.stringify(name)}`, "text");
  }
  return { path, name, config: settingsOf(path, config) };
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw badFile(path, "no such file", "a file such as data/connectors/orders.json");
  }
}

function parse(path: string, text: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(text, exactNumbers);
  } catch (error) {
    throw badFile(path, `no JSON: ${(error as Error).message}`, "a JSON object");
  }
  if (isRecord(content)) return content;
  throw badFile(path, "no object", "a JSON object of settings");
}

/** Numbers as the text that they are in the file. */
function exactNumbers(_name: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" ? context?.source ?? String(value) : value;
}

function settingsOf(path: string, config: object): ConnectorConfig {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(config)) {
    if (typeof value !== "string" && typeof value !== "boolean") {
      const found = value === null ? "null" : Array.isArray(value) ? "a list" : "an object";
      throw badFile(`${path}, setting "${name}"`, found, "text, a number, true or false");
    }
    settings[name] = String(value);
  }
  return settings;
}

function badFile(where: string, found: string, wanted: string): SluiceError {
  return new SluiceError("BAD_CONNECTOR_FILE", { attempted: ATTEMPTED, where, found, wanted });
}
