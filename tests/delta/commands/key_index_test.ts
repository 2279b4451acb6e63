import { deepEqual, equal } from "assert";
import { type Column, createColumn, type DataType, Decimal } from "../../../lib/core/mod.ts";
import { isKeyType, KeyIndex } from "../../../lib/delta/commands/merge/key_index.ts";
import { Random } from "../../support/random.ts";

const SEEDS = [1, 2, 3, 4, 5];

/** Few values of each type, so that many are equal, and those that are close to others. */
const VALUES: readonly { readonly type: DataType; readonly values: readonly unknown[] }[] = [
  { type: "byte", values: [-128, 0, 127] },
  { type: "short", values: [-32768, 0, 32767] },
  { type: "integer", values: [-2147483648, -1, 0, 1, 2147483647] },
  { type: "date", values: [-719162, 0, 20000] },
  { type: "long", values: [0n, 1n, 2n ** 32n, 2n ** 32n + 1n, -1n, -(2n ** 63n), 2n ** 53n + 1n] },
  { type: "timestamp", values: [0n, -1n, 1_704_067_200_123_456n] },
  { type: "float", values: [0, -0, NaN, Infinity, Math.fround(0.1)] },
  { type: "double", values: [0, -0, NaN, -Infinity, 0.1, 0.2] },
  { type: "boolean", values: [true, false] },
  { type: "string", values: ["", "a", "ab", "b", "ä", "😀"] },
  { type: "binary", values: [[], [0], [0, 0], [255]].map((bytes) => Uint8Array.from(bytes)) },
  { type: decimal(18), values: [0, 1, -1].map((n) => new Decimal(BigInt(n), 2)) },
  {
    type: decimal(38),
    values: [0n, 2n ** 64n, 2n ** 64n + 1n, -1n].map((n) => new Decimal(n, 2)),
  },
];

function decimal(precision: number): DataType {
  return { type: "decimal", precision, scale: 2 };
}

/** Equal for equal keys, as Spark has it. */
function textOf(value: unknown): string {
  if (value === null) return "null";
  if (value instanceof Uint8Array) return value.toHex();
  return typeof value === "number" ? String(value + 0) : String(value);
}

function randomColumn(
  random: Random,
  { type, values }: typeof VALUES[number],
  numRows: number,
): Column {
  const column = createColumn(type);
  for (let row = 0; row < numRows; row++) {
    column.append(random.next() < 0.2 ? null : random.pick(values));
  }
  return column;
}

for (const seed of SEEDS) {
  Deno.test(`a KeyIndex finds the rows that a Map of texts finds (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let run = 0; run < 60; run++) {
      const kinds = Array.from({ length: random.integer(1, 3) }, () => random.pick(VALUES));
      const nullsMatch = kinds.map(() => random.next() < 0.3);
      const [numRows, numWanted] = [random.integer(0, 40), random.integer(0, 40)];
      const own = kinds.map((kind) => randomColumn(random, kind, numRows));
      const wanted = kinds.map((kind) => randomColumn(random, kind, numWanted));

      const index = new KeyIndex(
        own.map((column, i) => ({ column, nullsMatch: nullsMatch[i] ?? false })),
      );
      const first = index.find(wanted);

      const keyAt = (columns: readonly Column[], row: number) =>
        columns.some((column, i) => column.isNull(row) && !nullsMatch[i])
          ? undefined
          : JSON.stringify(columns.map((column) => textOf(column.get(row))));
      for (let row = 0; row < numWanted; row++) {
        const found: number[] = [];
        for (let at = first[row] ?? -1; at >= 0; at = index.next[at] ?? -1) found.push(at);
        const key = keyAt(wanted, row);
        const expected = Array.from({ length: numRows }, (_, own) => own)
          .filter((at) => key !== undefined && keyAt(own, at) === key);
        deepEqual(found, expected, `run ${run}, row ${row}, key ${key}`);
      }
    }
  });
}

Deno.test("a KeyIndex holds a hundred thousand keys that differ in few bits", () => {
  const ids = createColumn("long");
  for (let id = 0n; id < 100_000n; id++) ids.append(id << 20n);

  const index = new KeyIndex([{ column: ids, nullsMatch: false }]);

  const found = index.find([ids]);
  equal(found.every((row, i) => row === i), true);
});

Deno.test("nested types are no keys", () => {
  equal(isKeyType({ type: "array", elementType: "long", containsNull: true }), false);
  equal(isKeyType("binary"), true);
});
