import { Batch, Decimal, type Row, schema as s } from "../../lib/core/mod.ts";

/** A column of every type, nested ones too, all nullable but the id. */
export const EveryType = s.struct({
  id: s.long(),
  text: s.string().nullable(),
  bytes: s.binary().nullable(),
  flag: s.boolean().nullable(),
  tiny: s.byte().nullable(),
  small: s.short().nullable(),
  medium: s.integer().nullable(),
  large: s.long().nullable(),
  single: s.float().nullable(),
  double: s.double().nullable(),
  price: s.decimal(18, 8).nullable(),
  exact: s.decimal(38, 9).nullable(),
  day: s.date().nullable(),
  at: s.timestamp().nullable(),
  wall: s.timestampNtz().nullable(),
  address: s.struct({
    street: s.string(),
    geo: s.struct({ x: s.double().nullable() }).nullable(),
  }).nullable(),
  tags: s.array(s.string().nullable()).nullable(),
  counts: s.map(s.string(), s.long().nullable()).nullable(),
});

/** A row of it. */
export type EveryTypeRow = Row<typeof EveryType>;

/** Rows that go to the edges of every type; every fourth holds nothing but its id. */
export function everyTypeBatch(firstId: number, rows: number): Batch<EveryTypeRow> {
  const batch = new Batch(EveryType);
  for (let id = firstId; id < firstId + rows; id++) {
    batch.append(id % 4 === 3 ? emptyRow(id) : fullRow(id));
  }
  return batch;
}

function emptyRow(id: number): EveryTypeRow {
  const nulls = Object.fromEntries(EveryType.fields.map(({ name }) => [name, null]));
  return { ...nulls, id: BigInt(id) } as EveryTypeRow;
}

function fullRow(id: number): EveryTypeRow {
  const edge = id % 4;
  return {
    id: BigInt(id),
    text: ["", 'naïve "quoted"\n\u0001 € 😀', `row ${id} ${"x".repeat(id % 50)}`][edge]!,
    bytes: [new Uint8Array(), new Uint8Array([0, 255, 10]), new Uint8Array([id & 255])][edge]!,
    flag: id % 3 === 0,
    tiny: [-128, 127, id % 100][edge]!,
    small: [-32768, 32767, id][edge]!,
    medium: [-2147483648, 2147483647, id][edge]!,
    large: [-(2n ** 63n), 2n ** 63n - 1n, 9007199254740993n + BigInt(id)][edge]!,
    single: [Math.fround(0.1), -Infinity, Math.fround(id / 7)][edge]!,
    double: [NaN, 5e-324, id / 7][edge]!,
    price: [
      Decimal.parse("-9999999999.99999999"),
      Decimal.parse("9999999999.99999999"),
      new Decimal(BigInt(id), 8),
    ][edge]!,
    exact: [
      Decimal.parse("-99999999999999999999999999999.999999999"),
      Decimal.parse("12345678901234567890.123456789"),
      new Decimal(BigInt(id) * 10n ** 30n + 1n, 9),
    ][edge]!,
    day: [-719162, 2932896, id][edge]!,
    at: [-62_135_596_800_000_000n, 253_402_300_799_999_999n, 1_704_067_200_123_456n + BigInt(id)][
      edge
    ]!,
    wall: [-1n, 1_704_067_200_000_001n, BigInt(id)][edge]!,
    address: [
      { street: "", geo: null },
      { street: "ä", geo: { x: null } },
      { street: `${id} Main St`, geo: { x: id / 2 } },
    ][edge]!,
    tags: [[], [null, "a", ""], [`t${id}`]][edge]!,
    counts: [new Map(), new Map([["a", null], ["b", -1n]]), new Map([[`k${id}`, BigInt(id)]])][
      edge
    ] as Map<string, bigint | null>,
  };
}
