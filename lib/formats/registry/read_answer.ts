import { SluiceError } from "../../core/mod.ts";
import type { RegistryAnswer, RegistryRequest } from "./registry_http.ts";
import type { RegistrySchema } from "./registry_schema.ts";

/** The schema in an answer. */
export function schemaOf(body: unknown, request: RegistryRequest): RegistrySchema {
  const { schemaType = "AVRO", references } = fieldsOf(body, request);
  if (schemaType !== "AVRO" && schemaType !== "JSON" && schemaType !== "PROTOBUF") {
    throw unexpected(schemaType, "AVRO, JSON or PROTOBUF", request);
  }
  return {
    schemaType,
    schema: textField(body, "schema", request),
    references: Array.isArray(references)
      ? references.map((reference) => ({
        name: textField(reference, "name", request),
        subject: textField(reference, "subject", request),
        version: numberField(reference, "version", request),
      }))
      : [],
  };
}

/** The body of an answer that must be there. */
export function bodyOf(answer: RegistryAnswer, { attempted }: RegistryRequest): unknown {
  if (answer.ok) return answer.body;
  throw new SluiceError("REGISTRY_REFUSED", { attempted, found: answer.message });
}

/** A number in an answer. */
export function numberField(body: unknown, name: string, request: RegistryRequest): number {
  const value = fieldsOf(body, request)[name];
  if (typeof value === "number") return value;
  throw unexpected(body, `a number "${name}"`, request);
}

/** A text in an answer. */
export function textField(body: unknown, name: string, request: RegistryRequest): string {
  const value = fieldsOf(body, request)[name];
  if (typeof value === "string") return value;
  throw unexpected(body, `the text "${name}"`, request);
}

/** The fields of an answer that is an object. */
export function fieldsOf(
  body: unknown,
  request: RegistryRequest,
): Readonly<Record<string, unknown>> {
  if (typeof body !== "object" || body === null) throw unexpected(body, "an object", request);
  return { ...body };
}

/** The error for an answer that no registry gives. */
export function unexpected(
  found: unknown,
  wanted: string,
  { attempted }: RegistryRequest,
): SluiceError {
  return new SluiceError("REGISTRY_REFUSED", {
    attempted,
    found: JSON.stringify(found).slice(0, 200),
    wanted,
    hint: "see whether SCHEMA_REGISTRY_URL is the address of a registry with Confluent's API",
  });
}
