import { rejects } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { avroSchema, avroSerializer } from "../../../lib/formats/avro/mod.ts";
import { schemaRegistry } from "../../../lib/formats/registry/mod.ts";

Deno.test("avroSerializer() says in our words why a schema is refused, where we know it", async () => {
  const old = avroSchema(s.struct({ id: s.long() }), "R");
  let level = "BACKWARD";
  await using server = Deno.serve({ port: 0, onListen: () => {} }, ({ method, url }) => {
    if (method === "POST") {
      const message = "io.example.RuleViolationException: Incompatible artifact";
      return Response.json({ error_code: 409, message }, { status: 409 });
    }
    return Response.json(
      url.includes("/config/")
        ? { compatibilityLevel: level }
        : { id: 1, version: 7, schema: JSON.stringify(old) },
    );
  });
  const registry = schemaRegistry({ url: `http://127.0.0.1:${server.addr.port}` });
  const schema = s.struct({ id: s.long(), fee: s.long() });
  const options = { registry, subject: "s", schema, writerSchema: avroSchema(schema, "R") };
  await rejects(avroSerializer(options), {
    code: "INCOMPATIBLE_SCHEMA",
    message:
      'Cannot register a schema for subject "s": found the new schema cannot read version 7: ' +
      'field "fee": missing in what was written, and without a good default. ' +
      "Make the new fields optional, with a default, or write to another topic",
  });
  level = "NONE";
  await rejects(avroSerializer(options), { message: /RuleViolationException/ });
});
