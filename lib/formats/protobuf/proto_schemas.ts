import { SluiceError } from "../../core/mod.ts";
import type { RegistrySchema, SchemaRegistry } from "../registry/mod.ts";
import { ProtoFile } from "./proto_file.ts";

/** Schemas as a registry has them, read. */
export class ProtoSchemas {
  readonly #registry: SchemaRegistry;

  /** Asks nothing yet. */
  constructor(registry: SchemaRegistry) {
    this.#registry = registry;
  }

  /**
   * The file of an id; a text says why there is none to read records with.
   *
   * @throws {SluiceError} what the registry throws: then it may be there.
   */
  async byId(id: number): Promise<ProtoFile | string> {
    const stored = await this.#registry.schemaById(id);
    if (stored === undefined) return "unknown to the registry";
    try {
      return await this.#read(stored);
    } catch (error) {
      const codes = ["BAD_PROTO_SCHEMA", "SCHEMA_NOT_FOUND"];
      if (error instanceof SluiceError && codes.includes(error.code)) return error.message;
      throw error;
    }
  }

  /**
   * The newest file of a subject.
   *
   * @throws {SluiceError} `SCHEMA_NOT_FOUND`, `BAD_PROTO_SCHEMA`.
   */
  async newest(subject: string): Promise<ProtoFile> {
    const stored = await this.#registry.version(subject);
    if (stored !== undefined) return await this.#read(stored);
    throw new SluiceError("SCHEMA_NOT_FOUND", {
      attempted: `get the newest schema of subject "${subject}"`,
      found: "no such subject in the registry",
      hint: 'the values of a topic are mostly under "<topic>-value"; give a schema to do without',
    });
  }

  async #read(stored: RegistrySchema): Promise<ProtoFile> {
    if (stored.schemaType === "PROTOBUF") {
      return new ProtoFile(stored.schema, await this.#registry.importsOf(stored));
    }
    throw new SluiceError("BAD_PROTO_SCHEMA", {
      attempted: "read a Protobuf schema",
      found: `a schema of type ${stored.schemaType}`,
      wanted: "PROTOBUF",
    });
  }
}
