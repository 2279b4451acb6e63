import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { type Batch, type DataType, type Decimal, formatDateDays } from "../../core/mod.ts";

/** What a set of rows comes down to: equal for equal rows, whatever their order. */
export interface TableDigest {
  /** How many rows there are; equal ones count each. */
  readonly rows: number;
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
}

/**
 * The canonical digest of rows: each as one line of JSON without blanks, the lines in the order of
 * their UTF-8 bytes, joined by line feeds. Text is as `JSON.stringify` has it; decimals are text with
 * all their decimals, bytes are hexadecimal, days `YYYY-MM-DD`, times integer microseconds since
 * 1970; maps are lists of pairs in the order of their bytes; `NaN` and the infinities are text, and
 * there is no negative zero. All lines are held in memory.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../../core/mod.ts";
 * import { digestBatches } from "./table_digest.ts";
 *
 * const batch = new Batch(s.struct({ id: s.long() }));
 * batch.append({ id: 10n });
 * batch.append({ id: 9n });
 * deepEqual(await digestBatches([batch as Batch]), {
 *   rows: 2,
 *   digest: "5965a87f44fb631063c565e2ce06cd890043b12a175cba0b4e857c0dbff554e8",
 * });
 * ```
 */
export async function digestBatches(
  batches: Iterable<Batch> | AsyncIterable<Batch>,
): Promise<TableDigest> {
  const lines: Uint8Array[] = [];
  const encoder = new TextEncoder();
  for await (const { schema, columns, numRows } of batches) {
    const names = schema.fields.map(({ name }) => JSON.stringify(name));
    for (let row = 0; row < numRows; row++) {
      const members = columns.map((column, i) =>
        `${names[i]}:${text(column.type, column.get(row))}`
      );
      lines.push(encoder.encode(`{${members}}`));
    }
  }
  lines.sort(compareBytes);
  const hash = createHash("sha256");
  lines.forEach((line, i) => hash.update(i === 0 ? "" : "\n").update(line));
  return { rows: lines.length, digest: hash.digest("hex") };
}

function text(type: DataType, value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof type === "object") {
    switch (type.type) {
      case "decimal":
        return `"${value as Decimal}"`;
      case "struct": {
        const fields = value as Record<string, unknown>;
        return `{${
          type.fields.map(({ name, type }) => `${JSON.stringify(name)}:${text(type, fields[name])}`)
        }}`;
      }
      case "array":
        return `[${(value as unknown[]).map((each) => text(type.elementType, each))}]`;
      case "map": {
        const encoder = new TextEncoder();
        const pairs = [...value as Map<unknown, unknown>]
          .map(([key, each]) => `[${text(type.keyType, key)},${text(type.valueType, each)}]`)
          .map((pair) => ({ pair, bytes: encoder.encode(pair) }))
          .sort((a, b) => compareBytes(a.bytes, b.bytes));
        return `[${pairs.map(({ pair }) => pair)}]`;
      }
    }
  }
  switch (type) {
    case "string":
      return JSON.stringify(value);
    case "binary":
      return `"${(value as Uint8Array).toHex()}"`;
    case "date":
      return `"${formatDateDays(value as number)}"`;
    case "float":
    case "double":
      // Adding zero turns -0 into 0.
      return Number.isFinite(value) ? String((value as number) + 0) : `"${value}"`;
    default:
      return String(value);
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}
