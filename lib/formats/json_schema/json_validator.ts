import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import { errorText, SluiceError } from "../../core/mod.ts";

/** A schema that another one refers to. */
export interface NamedSchema {
  /** What `$ref` calls it. */
  readonly name: string;
  /** Its JSON text. */
  readonly schema: string;
}

/** The drafts of JSON Schema that are known, by the word in `$schema` that tells them. */
const DRAFTS = {
  "draft-07": Ajv,
  "2019-09": Ajv2019,
  "2020-12": Ajv2020,
} as const;

/** Words of other vocabularies are passed over; formats are notes, as they are since draft 2019-09. */
const OPTIONS = { strict: false, validateFormats: false, logger: false } as const;

/** Tells whether JSON values are as a JSON Schema says. */
export class JsonValidator {
  readonly #validate: ValidateFunction;

  /**
   * Reads a schema of draft-07 (the one meant where `$schema` says nothing), 2019-09 or 2020-12.
   *
   * @throws {SluiceError} `BAD_JSON_SCHEMA`.
   */
  constructor(schema: string, imports: readonly NamedSchema[] = []) {
    const parsed = parseSchema(schema);
    const ajv = new (draftOf(parsed))(OPTIONS);
    try {
      for (const { name, schema } of imports) ajv.addSchema(parseSchema(schema), name);
      this.#validate = ajv.compile(parsed);
    } catch (cause) {
      throw badSchema(errorText(cause), "a JSON Schema", cause);
    }
  }

  /** What is wrong with a value, and where in it: `field "legs[0].price": must be number`. */
  problemOf(value: unknown): string | undefined {
    if (this.#validate(value)) return undefined;
    const [error] = this.#validate.errors ?? [];
    return error === undefined ? "is not as the schema says" : describe(error);
  }
}

function describe({ instancePath, message, params }: ErrorObject): string {
  const path = instancePath.split("/").slice(1).map((step) =>
    step.replaceAll("~1", "/").replaceAll("~0", "~")
  );
  const place = path.map((step) => /^\d+$/.test(step) ? `[${step}]` : `.${step}`).join("");
  const unknown = params.additionalProperty ?? params.unevaluatedProperty;
  const text = `${message}${unknown === undefined ? "" : ` ${JSON.stringify(unknown)}`}`;
  return place === "" ? `the value ${text}` : `field "${place.replace(/^\./, "")}": ${text}`;
}

function draftOf(schema: object | boolean): (typeof DRAFTS)[keyof typeof DRAFTS] {
  const uri = typeof schema === "object" && "$schema" in schema ? String(schema.$schema) : "";
  if (uri === "") return Ajv;
  const draft = Object.entries(DRAFTS).find(([name]) => uri.includes(name));
  if (draft !== undefined) return draft[1];
  throw badSchema(`"$schema": ${JSON.stringify(uri)}`, Object.keys(DRAFTS).join(", "));
}

function parseSchema(text: string): object | boolean {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "boolean" || (typeof json === "object" && json !== null)) return json;
  } catch {
    // Told below, as what is no schema for another reason.
  }
  throw badSchema(text.slice(0, 100), "the JSON of a JSON Schema");
}

function badSchema(found: string, wanted: string, cause?: unknown): SluiceError {
  return new SluiceError("BAD_JSON_SCHEMA", {
    attempted: "read a JSON Schema",
    found,
    wanted,
    ...(cause === undefined ? {} : { cause }),
  });
}
