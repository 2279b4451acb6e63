import { SluiceError } from "../../core/mod.ts";
import type { RegistrySchema, SchemaRegistry } from "../registry/mod.ts";
import type { AvroType } from "./avro_type.ts";
import { parseAvroSchema } from "./parse_avro_schema.ts";

/** Schemas as a registry has them, read. */
export class WriterSchemas {
  readonly #registry: SchemaRegistry;

  /** Asks nothing yet. */
  constructor(registry: SchemaRegistry) {
    this.#registry = registry;
  }

  /**
   * The schema of an id; a text says why there is none to read records with.
   *
   * @throws {SluiceError} what the registry throws: then it may be there.
   */
  async byId(id: number): Promise<AvroType | string> {
    const stored = await this.#registry.schemaById(id);
    if (stored === undefined) return "unknown to the registry";
    try {
      return await this.#parse(stored);
    } catch (error) {
      const codes = ["BAD_AVRO_SCHEMA", "SCHEMA_NOT_FOUND"];
      if (error instanceof SluiceError && codes.includes(error.code)) return error.message;
      throw error;
    }
  }

  /**
   * The newest schema of a subject.
   *
   * @throws {SluiceError} `SCHEMA_NOT_FOUND`, `BAD_AVRO_SCHEMA`.
   */
  async newest(subject: string): Promise<AvroType> {
    const stored = await this.#registry.version(subject);
    if (stored !== undefined) return await this.#parse(stored);
    throw new SluiceError("SCHEMA_NOT_FOUND", {
      attempted: `get the newest schema of subject "${subject}"`,
      found: "no such subject in the registry",
      hint: 'the values of a topic are mostly under "<topic>-value"; give a schema to do without',
    });
  }

  async #parse(stored: RegistrySchema): Promise<AvroType> {
    if (stored.schemaType === "AVRO") {
      const imports = await this.#registry.importsOf(stored);
      return parseAvroSchema(stored.schema, imports.map(({ schema }) => schema));
    }
    throw new SluiceError("BAD_AVRO_SCHEMA", {
      attempted: "read an Avro schema",
      found: `a schema of type ${stored.schemaType}`,
      wanted: "AVRO",
    });
  }
}
