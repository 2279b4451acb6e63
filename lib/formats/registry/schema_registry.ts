import { SluiceError } from "../../core/mod.ts";
import { bodyOf, fieldsOf, numberField, schemaOf, textField, unexpected } from "./read_answer.ts";
import type {
  CompatibilityLevel,
  ImportedSchema,
  NewSchema,
  RegistrySchema,
  RegistryVerdict,
  SchemaReference,
  SubjectVersion,
} from "./registry_schema.ts";
import { RegistryHttp, type SchemaRegistryOptions } from "./registry_http.ts";

/**
 * A schema registry with Confluent's API: Confluent's own, Apicurio, Karapace, Redpanda. Schemas are
 * kept by id, which stands for the same schema for ever. Requests are made again while the registry
 * is away.
 *
 * All methods throw `REGISTRY_UNAVAILABLE` (retryable), `REGISTRY_DENIED` and `REGISTRY_REFUSED`.
 */
export class SchemaRegistry {
  readonly #http: RegistryHttp;
  readonly #byId = new Map<number, Promise<RegistrySchema | undefined>>();
  readonly #registered = new Map<string, Promise<number>>();

  /** Use `schemaRegistry(options)`. */
  constructor(options: SchemaRegistryOptions) {
    this.#http = new RegistryHttp(options);
  }

  /**
   * Makes a schema the newest version of a subject, or finds it there.
   *
   * @returns its id.
   * @throws {SluiceError} `INCOMPATIBLE_SCHEMA` if the subject's compatibility level forbids it.
   */
  register(subject: string, schema: NewSchema): Promise<number> {
    const key = JSON.stringify([subject, newSchemaBody(schema)]);
    return remembered(this.#registered, key, async () => {
      const request = {
        attempted: `register a schema for subject "${subject}"`,
        path: `/subjects/${encodeURIComponent(subject)}/versions`,
        method: "POST",
        body: newSchemaBody(schema),
      } as const;
      const answer = await this.#http.ask(request);
      if (answer.ok || answer.status !== 409) {
        return numberField(bodyOf(answer, request), "id", request);
      }
      throw new SluiceError("INCOMPATIBLE_SCHEMA", {
        attempted: request.attempted,
        found: answer.message,
        hint: "make the new fields optional, with a default, or write to another topic",
      });
    });
  }

  /** The schema of an id; `undefined` if the registry has none. */
  schemaById(id: number): Promise<RegistrySchema | undefined> {
    return remembered(this.#byId, id, async () => {
      const request = { attempted: `get the schema of id ${id}`, path: `/schemas/ids/${id}` };
      const answer = await this.#http.ask(request);
      return answer.ok ? schemaOf(answer.body, request) : undefined;
    });
  }

  /** A version of a subject, the newest by default; `undefined` if there is none. */
  async version(
    subject: string,
    version: number | "latest" = "latest",
  ): Promise<SubjectVersion | undefined> {
    const request = {
      attempted: `get version ${version} of subject "${subject}"`,
      path: `/subjects/${encodeURIComponent(subject)}/versions/${version}`,
    };
    const answer = await this.#http.ask(request);
    if (!answer.ok) return undefined;
    return {
      ...schemaOf(answer.body, request),
      subject,
      version: numberField(answer.body, "version", request),
      id: numberField(answer.body, "id", request),
    };
  }

  /** The numbers of a subject's versions, ascending; none if there is no such subject. */
  async versions(subject: string): Promise<number[]> {
    const request = {
      attempted: `list the versions of subject "${subject}"`,
      path: `/subjects/${encodeURIComponent(subject)}/versions`,
    };
    const answer = await this.#http.ask(request);
    if (!answer.ok) return [];
    if (!Array.isArray(answer.body)) throw unexpected(answer.body, "a list", request);
    return answer.body.filter((version) => typeof version === "number").sort((a, b) => a - b);
  }

  /**
   * All schemas that a schema uses, and those use, each after those it uses itself.
   *
   * @throws {SluiceError} `SCHEMA_NOT_FOUND` if one is missing.
   */
  async importsOf(schema: Pick<RegistrySchema, "references">): Promise<ImportedSchema[]> {
    const imports: ImportedSchema[] = [];
    const visited = new Set<string>();
    const visit = async (references: readonly SchemaReference[]): Promise<void> => {
      for (const { name, subject, version } of references) {
        const key = `${subject} ${version}`;
        if (visited.has(key)) continue;
        visited.add(key);
        const imported = await this.version(subject, version);
        if (imported === undefined) {
          throw new SluiceError("SCHEMA_NOT_FOUND", {
            attempted: "get the schemas that a schema uses",
            found: `no version ${version} of subject "${subject}"`,
          });
        }
        await visit(imported.references);
        imports.push({ name, schema: imported.schema });
      }
    };
    await visit(schema.references);
    return imports;
  }

  /** Asks whether a schema may become the newest version of a subject. */
  async checkCompatibility(subject: string, schema: NewSchema): Promise<RegistryVerdict> {
    const request = {
      attempted: `check a schema for subject "${subject}"`,
      path: `/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest?verbose=true`,
      method: "POST",
      body: newSchemaBody(schema),
    } as const;
    const answer = await this.#http.ask(request);
    // A new subject has nothing to be compatible with.
    if (!answer.ok) return { isCompatible: true, messages: [] };
    const { is_compatible: isCompatible, messages } = fieldsOf(answer.body, request);
    if (typeof isCompatible !== "boolean") {
      throw unexpected(answer.body, '"is_compatible"', request);
    }
    return { isCompatible, messages: Array.isArray(messages) ? messages.map(String) : [] };
  }

  /** The level of a subject, or the one of all that have none of their own. */
  async compatibilityLevel(subject?: string): Promise<CompatibilityLevel> {
    const request = { attempted: "get the compatibility level", path: configPath(subject) };
    const answer = await this.#http.ask(request);
    if (!answer.ok && subject !== undefined) return await this.compatibilityLevel();
    return textField(bodyOf(answer, request), "compatibilityLevel", request) as CompatibilityLevel;
  }

  /** Sets the level of a subject, or the one of all that have none of their own. */
  async setCompatibilityLevel(level: CompatibilityLevel, subject?: string): Promise<void> {
    const request = {
      attempted: `set the compatibility level to ${level}`,
      path: configPath(subject),
      method: "PUT",
      body: { compatibility: level },
    } as const;
    bodyOf(await this.#http.ask(request), request);
  }
}

/**
 * A schema registry: SCHEMA_REGISTRY_URL where no other is named. Nothing is asked of it yet.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { schemaRegistry } from "./schema_registry.ts";
 *
 * // A registry that knows one schema.
 * await using server = Deno.serve({ port: 0, onListen: () => {} }, (request) =>
 *   request.url.endsWith("/schemas/ids/7")
 *     ? Response.json({ schema: '"string"' })
 *     : Response.json({ error_code: 40403, message: "Schema not found" }, { status: 404 }));
 *
 * const registry = schemaRegistry({ url: `http://127.0.0.1:${server.addr.port}` });
 * deepEqual(await registry.schemaById(7), {
 *   schemaType: "AVRO",
 *   schema: '"string"',
 *   references: [],
 * });
 * equal(await registry.schemaById(8), undefined);
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`.
 */
export function schemaRegistry(options: SchemaRegistryOptions = {}): SchemaRegistry {
  return new SchemaRegistry(options);
}

/** What was found is kept; what was not, or failed, is asked for again. */
function remembered<Key, Value>(
  kept: Map<Key, Promise<Value>>,
  key: Key,
  find: () => Promise<Value>,
): Promise<Value> {
  const known = kept.get(key);
  if (known !== undefined) return known;
  const found = find();
  kept.set(key, found);
  const forget = () => kept.delete(key);
  found.then((value) => value === undefined && forget(), forget);
  return found;
}

function newSchemaBody({ schema, schemaType = "AVRO", references = [] }: NewSchema): object {
  return {
    schema,
    ...(schemaType === "AVRO" ? {} : { schemaType }),
    ...(references.length === 0 ? {} : { references }),
  };
}

function configPath(subject: string | undefined): string {
  return subject === undefined ? "/config" : `/config/${encodeURIComponent(subject)}`;
}
