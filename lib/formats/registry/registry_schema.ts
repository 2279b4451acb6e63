/** A schema that another one uses, as `import` of Protobuf or a named type of Avro. */
export interface SchemaReference {
  /** What the schema that uses it calls it. */
  readonly name: string;
  /** The subject where it is registered. */
  readonly subject: string;
  /** Which version of that. */
  readonly version: number;
}

/** A schema as a registry keeps it. */
export interface RegistrySchema {
  /** The language it is written in; `AVRO` where a registry says nothing. */
  readonly schemaType: "AVRO" | "JSON" | "PROTOBUF";
  /** Its text. */
  readonly schema: string;
  /** The schemas that it uses. */
  readonly references: readonly SchemaReference[];
}

/** A schema as one version of a subject. */
export interface SubjectVersion extends RegistrySchema {
  /** The subject. */
  readonly subject: string;
  /** The number of the version, from 1. */
  readonly version: number;
  /** What stands before the values written with it. */
  readonly id: number;
}

/** A schema to register or check: its text, as Avro without references by default. */
export interface NewSchema {
  /** Its text. */
  readonly schema: string;
  /** The language it is written in; `AVRO` by default. */
  readonly schemaType?: RegistrySchema["schemaType"];
  /** The schemas that it uses; none by default. */
  readonly references?: readonly SchemaReference[];
}

/** A schema that another one uses, fetched. */
export interface ImportedSchema {
  /** What the schema that uses it calls it. */
  readonly name: string;
  /** Its text. */
  readonly schema: string;
}

/** What a registry thinks of a new version of a subject. */
export interface RegistryVerdict {
  /** True if it may be registered. */
  readonly isCompatible: boolean;
  /** What breaks, in the registry's words; often none. */
  readonly messages: readonly string[];
}

/** Which versions must be able to read what which others wrote. */
export type CompatibilityLevel =
  | "NONE"
  | "BACKWARD"
  | "BACKWARD_TRANSITIVE"
  | "FORWARD"
  | "FORWARD_TRANSITIVE"
  | "FULL"
  | "FULL_TRANSITIVE";
