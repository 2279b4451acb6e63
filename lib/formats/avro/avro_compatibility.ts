import { type SchemaRegistry, schemaRegistry, type SubjectVersion } from "../registry/mod.ts";
import type { AvroType } from "./avro_type.ts";
import { type AvroSchemaJson, parseAvroSchema } from "./parse_avro_schema.ts";
import { planReader } from "./plan_reader.ts";
import { schemaOfType } from "./schema_of_avro.ts";
import { schemaText } from "./schema_text.ts";

/** Whether a schema may become the newest version of a subject, and why not. */
export interface CompatibilityReport {
  /** What the registry says. */
  readonly isCompatible: boolean;
  /** What breaks, for a person: the registry's reasons, or where it gives none, our own. */
  readonly problems: readonly string[];
}

/**
 * Asks the registry whether an Avro schema may become the newest version of a subject, and tells
 * what would break.
 *
 * @example
 * ```ts ignore
 * const { problems } = await avroCompatibility({ subject: "trades-value", writerSchema: changed });
 * // ['the new schema cannot read version 3: field "fee": missing in what was written, …']
 * ```
 *
 * @throws {SluiceError} `BAD_AVRO_SCHEMA`, `UNSUPPORTED_SCHEMA`, and what the registry throws.
 */
export async function avroCompatibility(
  { registry = schemaRegistry(), subject, writerSchema }: {
    /** The registry; absent: the one of SCHEMA_REGISTRY_URL. */
    readonly registry?: SchemaRegistry;
    /** The subject whose newest version it would be. */
    readonly subject: string;
    /** The schema. */
    readonly writerSchema: AvroSchemaJson;
  },
): Promise<CompatibilityReport> {
  const schema = schemaText(writerSchema);
  const { isCompatible, messages } = await registry.checkCompatibility(subject, { schema });
  if (isCompatible || messages.length > 0) return { isCompatible, problems: messages };
  return { isCompatible, problems: await problemsOf(registry, subject, parseAvroSchema(schema)) };
}

/**
 * What breaks if a schema becomes the newest version of a subject: the comparison that the subject's
 * level asks for, in our own words. None where we see nothing wrong.
 */
export async function problemsOf(
  registry: SchemaRegistry,
  subject: string,
  changed: AvroType,
): Promise<string[]> {
  const level = await registry.compatibilityLevel(subject);
  const readsOld = /^(BACKWARD|FULL)/.test(level);
  const isReadByOld = /^(FORWARD|FULL)/.test(level);
  const problems: string[] = [];
  for (const { version, type } of await versionsToCompare(registry, subject, level)) {
    if (readsOld) {
      const found = readingProblems(type, changed);
      problems.push(
        ...found.map((text) => `the new schema cannot read version ${version}: ${text}`),
      );
    }
    if (isReadByOld) {
      const found = readingProblems(changed, type);
      problems.push(
        ...found.map((text) => `version ${version} cannot read the new schema: ${text}`),
      );
    }
  }
  return problems;
}

async function versionsToCompare(
  registry: SchemaRegistry,
  subject: string,
  level: string,
): Promise<{ version: number; type: AvroType }[]> {
  const wanted = level.endsWith("_TRANSITIVE")
    ? await registry.versions(subject)
    : ["latest" as const];
  const found: (SubjectVersion | undefined)[] = [];
  for (const version of wanted) found.push(await registry.version(subject, version));
  const stored = found.filter((version) => version !== undefined);
  return await Promise.all(stored.map(async (version) => ({
    version: version.version,
    type: parseAvroSchema(
      version.schema,
      (await registry.importsOf(version)).map(({ schema }) => schema),
    ),
  })));
}

/** What a reader with one schema cannot read of what a writer with another one wrote. */
function readingProblems(writer: AvroType, reader: AvroType): string[] {
  const record = reader.kind === "record" ? reader : undefined;
  return planReader(writer, schemaOfType(reader).fields, record).problems.map(({ text }) => text);
}
