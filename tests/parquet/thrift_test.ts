import { deepEqual } from "assert";
import { readThrift } from "../../lib/parquet/thrift_reader.ts";
import { ThriftStruct, type ThriftValue } from "../../lib/parquet/thrift_struct.ts";
import { writeThrift } from "../../lib/parquet/thrift_writer.ts";
import { Random } from "../support/random.ts";

Deno.test("readThrift() reads bytes as Thrift's specification lays them out", () => {
  const bytes = Uint8Array.of(
    0x15, // field 1, i32
    0x9b,
    0x02, // zigzag 283: -142
    0x11, // field 2, true
    0x38, // field 5, binary
    2,
    0x68,
    0x69,
    0x09, // a field of a number of its own, list
    0xc8,
    0x01, // 100
    0x26, // two i64
    1,
    2, // -1 and 1
    0,
  );

  const struct = readThrift(bytes);

  deepEqual(struct.integer(1), -142);
  deepEqual(struct.boolean(2), true);
  deepEqual(struct.text(5), "hi");
  deepEqual(struct.fields.get(100), {
    kind: "list",
    items: [{ kind: "i64", value: -1 }, { kind: "i64", value: 1 }],
  });
});

Deno.test("writeThrift() writes what readThrift() reads, whatever the struct", () => {
  const seed = Date.now() % 1_000_000;
  const random = new Random(seed);
  for (let round = 0; round < 300; round++) {
    const struct = randomStruct(random, 3);
    deepEqual(
      sorted(readThrift(writeThrift(struct))),
      sorted(struct),
      `seed ${seed}, round ${round}`,
    );
  }
});

const EDGES = [0, 1, -1, 63, 64, -64, -65, 2 ** 31 - 1, -(2 ** 31), 2 ** 40, -(2 ** 52)];

function randomStruct(random: Random, depth: number): ThriftStruct {
  const count = random.integer(0, 6);
  return new ThriftStruct(
    Array.from({ length: count }, () => [random.integer(1, 40), randomValue(random, depth)]),
  );
}

function randomValue(random: Random, depth: number): ThriftValue {
  const kind = random.pick(
    ["boolean", "i8", "i16", "i32", "i64", "double", "binary", "list", "struct"] as const,
  );
  switch (kind) {
    case "boolean":
      return { kind, value: random.next() < 0.5 };
    case "i8":
      return { kind, value: random.integer(-128, 127) };
    case "i16":
    case "i32":
    case "i64":
      return { kind, value: random.pick(EDGES) };
    case "double":
      return { kind, value: random.next() };
    case "binary":
      return { kind, value: new Uint8Array(random.integer(0, 3000)).fill(random.integer(0, 255)) };
    case "struct":
      return { kind, value: depth === 0 ? new ThriftStruct([]) : randomStruct(random, depth - 1) };
    case "list": {
      const value = randomValue(random, 0);
      return { kind, items: value.kind === "list" ? [] : Array(random.integer(0, 20)).fill(value) };
    }
  }
}

function sorted({ fields }: ThriftStruct): unknown {
  return [...fields].sort(([a], [b]) => a - b)
    .map(([id, field]) => [id, field.kind === "struct" ? sorted(field.value) : field]);
}
