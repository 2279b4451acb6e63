import { createHash } from "node:crypto";

/** What Debezium writes if nothing else is configured. */
export const UNAVAILABLE_VALUE = "__debezium_unavailable_value";

const encoder = new TextEncoder();

/**
 * Knows the values that stand for one that did not come: `unavailable.value.placeholder` of the
 * connector, in all forms that it has for the types of columns.
 *
 * @see Debezium's `UnchangedToastedPlaceholder`.
 */
export class UnavailableValue {
  /** The forms as they stand in records, by their lengths. */
  readonly #byLength: Uint8Array[][] = [];

  /** Prepares for a placeholder. */
  constructor(placeholder: string) {
    for (const form of new Set(formsOf(placeholder))) {
      const bytes = encoder.encode(form);
      (this.#byLength[bytes.length] ??= []).push(bytes);
    }
  }

  /** True if the JSON value in `bytes[start, end)` is one of the forms. */
  isAt(bytes: Uint8Array, start: number, end: number): boolean {
    const forms = this.#byLength[end - start];
    if (forms === undefined) return false;
    for (const form of forms) {
      let i = 0;
      while (i < form.length && bytes[start + i] === form[i]) i++;
      if (i === form.length) return true;
    }
    return false;
  }
}

function formsOf(placeholder: string): string[] {
  const bytes = encoder.encode(placeholder);
  const text = JSON.stringify(placeholder);
  const ways = [
    text,
    JSON.stringify(bytes.toBase64()),
    JSON.stringify(bytes.toBase64({ alphabet: "base64url" })),
    JSON.stringify(bytes.toHex()),
  ];
  return [
    ...ways,
    // Arrays of text and bytes.
    ...ways.map((way) => `[${way}]`),
    // Arrays of integers and days: its bytes, signed as Java's.
    `[${Int8Array.from(bytes).join(",")}]`,
    `[${JSON.stringify(nameUuid(bytes))}]`,
    // hstore as a map, and as JSON.
    `{${text}:${text}}`,
    JSON.stringify(`{${text}:${text}}`),
  ];
}

/** The UUID that Java's `UUID.nameUUIDFromBytes` makes: version 3, without a namespace. */
function nameUuid(name: Uint8Array): string {
  const hash = createHash("md5").update(name).digest();
  hash[6] = hash[6]! & 0x0f | 0x30;
  hash[8] = hash[8]! & 0x3f | 0x80;
  return hash.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
