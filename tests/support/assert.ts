/**
 * The assertions of the tests and of the examples in the docs; the import map calls this "assert".
 *
 * Deno's `node:assert/strict` exports strict `deepStrictEqual` and `strictEqual`, but its named
 * `deepEqual` and `equal` compare loosely (`equal(1n, 1)` passes). Here these names are strict.
 *
 * @module
 */
export {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  ok,
  rejects,
  strictEqual as equal,
  throws,
} from "node:assert/strict";
