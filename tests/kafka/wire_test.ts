import { deepEqual, equal } from "assert";
import { RequestWriter, ResponseReader } from "../../lib/kafka/wire.ts";

Deno.test("a request grows with whatever is written into it", () => {
  // Every type comes to stand across the end of the array that there was, whatever is before it.
  for (let before = 0; before < 24; before++) {
    for (const flexible of [false, true]) {
      const request = new RequestWriter(flexible, 8);
      for (let i = 0; i < before; i++) request.int8(i);
      for (let i = 0; i < 50; i++) {
        request.int8(-i).int16(-i).int32(i * 1_000_000).int64(BigInt(i) << 50n);
        request.boolean(i % 2 === 0).string(`text ${"x".repeat(i)}`).string(null);
        request.array([i, i + 1], (item) => request.int32(item)).end();
      }
      const response = new ResponseReader(request.bytes, flexible);
      for (let i = 0; i < before; i++) equal(response.int8(), i);
      for (let i = 0; i < 50; i++) {
        deepEqual(
          [response.int8(), response.int16(), response.int32(), response.int64()],
          [0 - i, 0 - i, i * 1_000_000, BigInt(i) << 50n],
        );
        equal(response.boolean(), i % 2 === 0);
        deepEqual([response.string(), response.string()], [`text ${"x".repeat(i)}`, null]);
        deepEqual(response.array(() => response.int32()), [i, i + 1]);
        response.end();
      }
    }
  }
});
