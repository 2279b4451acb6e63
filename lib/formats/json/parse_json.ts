/** A number as the JSON text has it, so that no digit is lost. */
export class JsonNumber {
  /** The digits, as written. */
  readonly text: string;

  /** Keeps a number's text. */
  constructor(text: string) {
    this.text = text;
  }
}

/** JSON with exact numbers. */
export type JsonValue = string | JsonNumber | boolean | null | JsonValue[] | JsonObject;

/** The fields of a JSON object; read own properties only, since a field may be called `__proto__`. */
export interface JsonObject {
  /** A field. */
  readonly [name: string]: JsonValue;
}

/** Reads text that is known to be JSON without space around it; of fields with the same name, the last counts. */
export function parseJson(text: string): JsonValue {
  switch (text.charCodeAt(0)) {
    case 0x22: // "
    case 0x66: // f
    case 0x6e: // n
    case 0x74: // t
      return JSON.parse(text);
    case 0x5b: // [
    case 0x7b: // {
      return JSON.parse(text, exactNumbers);
    default:
      return new JsonNumber(text);
  }
}

function exactNumbers(_name: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" ? new JsonNumber(context!.source!) : value;
}
