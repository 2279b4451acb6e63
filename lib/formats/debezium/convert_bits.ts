import type { PrimitiveType } from "../../core/mod.ts";
import { convertValue, JsonNumber, type JsonValue, Mismatch } from "../json/mod.ts";
import type { ConnectType } from "./connect_type.ts";
import { type Convert, unfit } from "./convert.ts";

/**
 * True for `bit(n)` and `bit varying`: bytes of which the first has the last bits, without those that
 * are all zeros at the end. How many bits there were is not in them, so they cannot become text.
 */
export function isBits(source: ConnectType): boolean {
  return source.name === "io.debezium.data.Bits";
}

/** Bits as the integer that they are without a sign. */
export function bitsAsInteger(wanted: PrimitiveType): Convert {
  return (value) => {
    const integer = integerOf(value);
    const converted = integer === undefined
      ? undefined
      : convertValue(new JsonNumber(String(integer)), wanted);
    return converted === undefined || converted instanceof Mismatch
      ? unfit(value, wanted)
      : converted;
  };
}

function integerOf(value: JsonValue): bigint | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return BigInt(`0x0${Uint8Array.fromBase64(value).reverse().toHex()}`);
  } catch {
    return undefined;
  }
}
