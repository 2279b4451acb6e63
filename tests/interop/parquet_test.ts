import { deepEqual, rejects } from "assert";
import { schema as s } from "../../lib/core/mod.ts";
import { decodeParquet } from "../../lib/parquet/mod.ts";
import { runPython } from "../support/python.ts";

Deno.test("decodeParquet() reads the layouts of other writers", async () => {
  const path = await Deno.makeTempFile();
  try {
    await runPython("write_parquet.py", path);
    const file = await Deno.readFile(path);
    const schema = s.struct({
      id: s.long(),
      large_text: s.string().nullable(),
      short_view: s.string().nullable(),
      long_view: s.string().nullable(),
      bytes_view: s.binary().nullable(),
      seconds: s.timestamp(),
      millis: s.timestamp(),
      nanos: s.timestampNtz(),
      large_list: s.array(s.string().nullable()).nullable(),
      unsigned: s.integer(),
    });

    const batch = await decodeParquet(file, schema);

    const expected = Array.from({ length: 3000 }, (_, i) => {
      const long = i % 7 === 0 ? null : `${i} is longer than twelve bytes`;
      const micros = 1_704_067_200_000_000n + BigInt(i) * 1_000_000n;
      return {
        id: BigInt(i),
        large_text: long,
        short_view: i % 5 === 0 ? null : `s${i}`,
        long_view: long,
        bytes_view: long === null ? null : new TextEncoder().encode(long),
        seconds: micros,
        millis: micros,
        nanos: micros - 1n,
        large_list: i % 4 === 0 ? null : [String(i), null],
        unsigned: i * 20,
      };
    });
    deepEqual([...batch.rows()], expected);
    await rejects(
      decodeParquet(file, s.struct({ category: s.string().nullable() })),
      { code: "PARQUET_TYPE" },
    );
  } finally {
    await Deno.remove(path);
  }
});
