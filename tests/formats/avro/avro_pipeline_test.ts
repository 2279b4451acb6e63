import { deepEqual, equal } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { avro, avroSchema, avroSerializer } from "../../../lib/formats/avro/mod.ts";
import { schemaRegistry, subjectName } from "../../../lib/formats/registry/mod.ts";
import { createProducer, kafka } from "../../../lib/kafka/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { withTopic } from "../../kafka/test_topic.ts";
import { MemorySink } from "../../support/memory_sink.ts";
import { testRegistry } from "../../support/stack.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const OrderV1 = s.struct({ id: s.long(), customer: s.string() });
const OrderV2 = s.struct({ id: s.long(), fee: s.decimal(9, 2).nullable(), customer: s.string() });

Deno.test("a query over a topic of Avro records brings each to the sink, whatever version it has", async () => {
  const registry = schemaRegistry({ url: await testRegistry() });
  await withTopic({ numPartitions: 1 }, async ({ topic, connection }) => {
    const subject = subjectName({ topic });
    const old = await avroSerializer({
      registry,
      subject,
      schema: OrderV1,
      writerSchema: avroSchema(OrderV1, "Order"),
    });
    const producer = createProducer(connection);
    try {
      await producer.send(topic, [
        { value: old.serialize({ id: 1n, customer: "ann" }) },
        { value: "no Avro" },
      ]);
      await using folder = await tempFolder();
      const sink = new MemorySink("memory");
      const run = async () => {
        const query = await pipeline("orders")
          .from(kafka({ ...connection, topic }))
          .decode(await avro({ registry, subject, schema: OrderV2 }))
          .to(sink)
          .start({ checkpointLocation: folder.path, trigger: { availableNow: true } });
        await query.awaitTermination();
      };
      await run();
      const serializer = await avroSerializer({
        registry,
        subject,
        schema: OrderV2,
        writerSchema: avroSchema(OrderV2, "Order"),
      });
      await producer.send(topic, [
        { value: serializer.serialize({ id: 2n, fee: null, customer: "bob" }) },
        { value: old.serialize({ id: 3n, customer: "eve" }) },
      ]);
      await run();
      deepEqual(sink.rows, [
        { id: 1n, fee: null, customer: "ann" },
        { id: 2n, fee: null, customer: "bob" },
        { id: 3n, fee: null, customer: "eve" },
      ]);
      equal(sink.deadLetters.length, 1);
    } finally {
      await producer.close();
    }
  });
});
