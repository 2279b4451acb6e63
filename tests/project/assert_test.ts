import { deepEqual, equal, throws } from "assert";

Deno.test("the assertions are strict", () => {
  throws(() => equal(1n as unknown, 1));
  throws(() => equal("1" as unknown, 1));
  throws(() => deepEqual([1] as unknown[], ["1"]));
  throws(() => deepEqual({ a: -0 }, { a: 0 }));
});
