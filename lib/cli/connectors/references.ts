import { SluiceError } from "../../core/mod.ts";
import type { ConnectorConfig } from "../../connect/mod.ts";
import type { ConnectorFile } from "./connector_file.ts";
import type { Variables } from "./surroundings.ts";

/** A configuration whose references are filled in. */
export interface FilledConfig {
  /** What Kafka Connect gets. */
  readonly config: ConnectorConfig;
  /** Takes the secrets in it out of a text that is to be printed. */
  redact(text: string): string;
}

/** `${env:NAME}`, as Kafka's own EnvVarConfigProvider has it. */
const REFERENCE = /\$\{env:([^}]*)\}/g;
const SECRET_NAME = /password|secret|passphrase|token|credential|jaas|private\.?key/i;

/**
 * Puts the values of variables where a connector's file refers to them by `${env:NAME}`. References to
 * other config providers (`${file:…}`) stay: Kafka Connect fills them in.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { fillReferences } from "./references.ts";
 *
 * const config = { "database.password": "${env:PGPASSWORD}" };
 * const file = { path: "orders.json", name: "orders", config };
 * const filled = fillReferences(file, { PGPASSWORD: "hunter2" });
 * equal(filled.config["database.password"], "hunter2");
 * equal(filled.redact('login with "hunter2" failed'), 'login with "${env:PGPASSWORD}" failed');
 * ```
 *
 * @throws {SluiceError} `MISSING_VARIABLE` for one that is not set.
 */
export function fillReferences(file: ConnectorFile, variables: Variables): FilledConfig {
  const config: Record<string, string> = {};
  const secrets: [value: string, reference: string][] = [];
  for (const [name, text] of Object.entries(file.config)) {
    config[name] = text.replace(REFERENCE, (reference, variable) => {
      const value = valueOf(file, name, variable, variables);
      if (SECRET_NAME.test(name)) secrets.push([value, reference]);
      return value;
    });
    if (SECRET_NAME.test(name)) secrets.push([config[name], text]);
  }
  // The longest first: one secret may be part of another.
  secrets.sort(([a], [b]) => b.length - a.length);
  return {
    config,
    redact: (text) =>
      secrets.reduce((shown, [value, reference]) => replaceWord(shown, value, reference), text),
  };
}

/** The names of settings that hold a secret in plain text. */
export function plainSecrets(config: ConnectorConfig): string[] {
  return Object.keys(config).filter((name) =>
    SECRET_NAME.test(name) && config[name] !== "" && !config[name]!.includes("${")
  );
}

function valueOf(
  { path }: ConnectorFile,
  setting: string,
  variable: string,
  variables: Variables,
): string {
  const value = Object.hasOwn(variables, variable) ? variables[variable] : undefined;
  if (value !== undefined) return value;
  throw new SluiceError("MISSING_VARIABLE", {
    attempted: `fill in \${env:${variable}}`,
    where: `${path}, setting "${setting}"`,
    found: `no ${variable} in the environment`,
    hint:
      "set it; the variables PG… and MYSQL_… come out of DATABASE_URL and MYSQL_URL too, which " +
      "`deno task stack:up --with connect,mariadb` prints",
  });
}

/** Only where it is no part of a longer word: a password may be a common one. */
function replaceWord(text: string, value: string, reference: string): string {
  if (value === "") return text;
  const escaped = value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const shown = reference.includes("${") ? reference : "***";
  return text.replace(new RegExp(`(?<!\\w)${escaped}(?!\\w)`, "g"), () => shown);
}
