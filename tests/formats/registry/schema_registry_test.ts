import { deepEqual, equal, ok, rejects, throws } from "assert";
import {
  encodeMessageIndexes,
  messageIndexesAt,
  NO_SCHEMA_ID,
  schemaIdAt,
  schemaRegistry,
  withSchemaId,
} from "../../../lib/formats/registry/mod.ts";
import { FakeRegistry } from "./fake_registry.ts";

Deno.test("a registry is asked once for a schema, however often it is wanted", async () => {
  await using fake = new FakeRegistry();
  fake.add(7, "trades-value", "string");
  const registry = fake.client();
  const found = await Promise.all([1, 2, 3].map(() => registry.schemaById(7)));
  deepEqual(found.map((schema) => schema?.schema), ['"string"', '"string"', '"string"']);
  deepEqual(fake.requests, ["GET /schemas/ids/7"]);
});

Deno.test("a schema that was not there is asked for again", async () => {
  await using fake = new FakeRegistry();
  const registry = fake.client();
  equal(await registry.schemaById(7), undefined);
  fake.add(7, "trades-value", "string");
  equal((await registry.schemaById(7))?.schemaType, "AVRO");
});

Deno.test("a registry that comes back within the time is asked again", async () => {
  await using fake = new FakeRegistry();
  fake.add(7, "trades-value", "string");
  let failures = 0;
  fake.trouble = () => {
    if (++failures === 2) fake.trouble = undefined;
    return new Response("starting", { status: 503 });
  };
  equal((await fake.client({ retryForMs: 60_000 }).schemaById(7))?.schema, '"string"');
  equal(fake.requests.length, 3);
});

Deno.test("a registry that stays away is an error to try again later, and tells where it should be", async () => {
  const fake = new FakeRegistry();
  const registry = fake.client();
  fake.trouble = () => Response.json({ error_code: 50_001, message: "store" }, { status: 500 });
  await rejects(registry.schemaById(7), {
    code: "REGISTRY_UNAVAILABLE",
    retryable: true,
    message:
      `Cannot get the schema of id 7 at ${fake.url}/schemas/ids/7: found status 500: store. ` +
      "See whether the registry runs and can be reached from here",
  });
  await fake[Symbol.asyncDispose]();
  await rejects(registry.schemaById(7), { code: "REGISTRY_UNAVAILABLE", retryable: true });
});

Deno.test("a registry that does not answer in time is away", async () => {
  const never = Promise.withResolvers<Response>();
  await using server = Deno.serve({ port: 0, onListen: () => {} }, () => never.promise);
  const url = `http://127.0.0.1:${server.addr.port}`;
  await rejects(schemaRegistry({ url, timeoutMs: 20, retryForMs: 0 }).schemaById(1), {
    code: "REGISTRY_UNAVAILABLE",
  });
  never.resolve(new Response());
});

Deno.test("a page of something else at the address is an error, not a schema that is missing", async () => {
  await using fake = new FakeRegistry();
  fake.trouble = () => new Response("<html>", { status: 404 });
  await rejects(fake.client().schemaById(7), { code: "REGISTRY_REFUSED", retryable: false });
  fake.trouble = () => new Response("<html>", { status: 200 });
  await rejects(fake.client().schemaById(7), { code: "REGISTRY_REFUSED" });
  fake.trouble = () => Response.json([]);
  await rejects(fake.client().schemaById(7), { code: "REGISTRY_REFUSED" });
});

Deno.test("a schema whose references are missing is refused, not called incompatible", async () => {
  await using fake = new FakeRegistry();
  fake.trouble = () => Response.json({ error_code: 40_402, message: "gone" }, { status: 404 });
  await rejects(fake.client().register("s", { schema: '"string"' }), {
    code: "REGISTRY_REFUSED",
    message: /found status 404: gone/,
  });
});

Deno.test("user, password and token go with each request, and into no message", async () => {
  await using fake = new FakeRegistry();
  const url = fake.url.replace("://", "://me:p%40ss%C3%A9@");
  await fake.client({ url }).schemaById(1);
  equal(fake.authorization, `Basic ${new TextEncoder().encode("me:p@ssé").toBase64()}`);
  await fake.client({ token: "abc" }).schemaById(1);
  equal(fake.authorization, "Bearer abc");
  const variables = { SCHEMA_REGISTRY_URL: fake.url, SCHEMA_REGISTRY_TOKEN: "from outside" };
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  try {
    for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
    await schemaRegistry().schemaById(1);
    equal(fake.authorization, "Bearer from outside");
    await fake.client().schemaById(1);
    equal(fake.authorization, null);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
  fake.trouble = () => new Response("", { status: 401 });
  const error = await fake.client({ url }).schemaById(1).catch((error) => error);
  equal(error.code, "REGISTRY_DENIED");
  ok(!error.message.includes("ss%C3%A9"), error.message);
});

Deno.test("schemaRegistry() refuses options that it cannot use", () => {
  throws(() => schemaRegistry({ url: "localhost:8081" }), { code: "BAD_OPTION" });
  throws(() => schemaRegistry({ url: "http://me:it@x", token: "t" }), { code: "BAD_OPTION" });
  throws(() => schemaRegistry({ url: "http://me:50%@x" }), { code: "BAD_OPTION" });
  throws(() => schemaRegistry({ url: "http://x", retryForMs: -1 }), { code: "BAD_OPTION" });
  throws(() => schemaRegistry({ uri: "http://x" } as object), { code: "UNKNOWN_OPTION" });
});

Deno.test("schemaIdAt() takes nothing for an id but a 0 and four bytes", () => {
  const at = (hex: string) => schemaIdAt(Uint8Array.fromHex(hex), 0, hex.length / 2);
  equal(at("0000000001"), 1);
  equal(at("007fffffff00"), 2 ** 31 - 1);
  equal(withSchemaId(2 ** 31 - 1, Uint8Array.of(0)).toHex(), "007fffffff00");
  for (const hex of ["", "00000001", "0100000001", "00ffffffff"]) equal(at(hex), NO_SCHEMA_ID);
});

Deno.test("messageIndexesAt() reads what encodeMessageIndexes() writes, as Confluent does", () => {
  const cases: [hex: string, indexes: number[]][] = [
    ["00", [0]],
    ["0202", [1]],
    ["04020c", [1, 6]],
    ["028001", [64]],
  ];
  for (const [hex, indexes] of cases) {
    equal(encodeMessageIndexes(indexes).toHex(), hex);
    const bytes = Uint8Array.fromHex(`${hex}ff`);
    deepEqual(messageIndexesAt(bytes, 0, bytes.length), { indexes, end: hex.length / 2 });
  }
  for (const hex of ["", "02", "01", "0401", "fe"]) {
    equal(messageIndexesAt(Uint8Array.fromHex(hex), 0, hex.length / 2), undefined);
  }
});
