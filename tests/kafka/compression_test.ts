import { deepEqual, equal, ok } from "assert";
import kafkajs from "kafkajs";
import { Buffer } from "node:buffer";
import { codecOf, COMPRESSION_TYPES } from "../../lib/kafka/compression.ts";
import { createProducer } from "../../lib/kafka/mod.ts";
import { withForeignProducer } from "./foreign_client.ts";
import { collect, readRecords, timeLimit, valuesOf, withSource, withTopic } from "./test_topic.ts";

const compressed = COMPRESSION_TYPES.filter((type) => type !== "none");
const values = Array.from({ length: 500 }, (_, i) => `value ${i} `.repeat(20));

for (const type of compressed) {
  Deno.test(`read() unpacks ${type} of another client, next to batches that are not packed`, async () => {
    const number = COMPRESSION_TYPES.indexOf(type);
    if (type !== "gzip") {
      const codec = await codecOf(number);
      kafkajs.CompressionCodecs[number as 1 | 2 | 3 | 4] = () => ({
        compress: ({ buffer }: { buffer: Uint8Array }) =>
          Promise.resolve(Buffer.from(codec.compress(buffer))),
        decompress: () => Promise.reject(new Error("not used")),
      });
    }
    await withTopic({ numPartitions: 1 }, async (topic) => {
      await withForeignProducer(topic.connection, {}, async (producer) => {
        const send = (compression: number, part: string[]) =>
          producer.send({
            topic: topic.topic,
            compression,
            messages: part.map((value) => ({ value })),
          });
        await send(number, values.slice(0, 100));
        await send(0, values.slice(100, 110));
        await send(number, values.slice(110, 400));
        await send(number, values.slice(400));
      });
      await withSource(topic, async (source) => {
        deepEqual(valuesOf(await readRecords(source)), values);
        const range = await readRecords(
          source,
          { [topic.topic]: { 0: 99n } },
          { [topic.topic]: { 0: 111n } },
        );
        deepEqual(valuesOf(range), values.slice(99, 111));
      });
    });
  });

  Deno.test(`createProducer() writes ${type}`, async () => {
    await withTopic({ numPartitions: 1 }, async (topic) => {
      const producer = createProducer(topic.connection, { compressionType: type });
      await producer.send(topic.topic, values.map((value) => ({ value })));
      await producer.close();
      await withSource(topic, async (source) => {
        deepEqual(valuesOf(await readRecords(source)), values);
      });
    });
  });
}

Deno.test("read() counts maxBytes as unpacked, so that little bytes do not become a huge batch", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const producer = createProducer(topic.connection, { compressionType: "zstd" });
    const value = "0123456789".repeat(1_000);
    await producer.send(topic.topic, Array.from({ length: 2_000 }, () => ({ value })));
    await producer.close();
    await withSource(topic, async (source) => {
      const end = { [topic.topic]: { 0: 2_000n } };
      const reader = source.read({}, end, { signal: timeLimit(), maxBytes: 1_000_000 });
      const bytes = (await collect(reader)).length * value.length;
      ok(bytes >= 1_000_000 && bytes < 6_000_000, `${bytes} bytes`);
    });
  });
});

Deno.test("Snappy is unpacked raw and in the blocks that Java writes", async () => {
  const codec = await codecOf(COMPRESSION_TYPES.indexOf("snappy"));
  const parts = ["first block ".repeat(50), "", "second block ".repeat(50)].map((text) =>
    new TextEncoder().encode(text)
  );
  // snappy-java's SnappyOutputStream: magic, version 1, compatible from 1, then blocks.
  const framed = [0x82, ...new TextEncoder().encode("SNAPPY"), 0, 0, 0, 0, 1, 0, 0, 0, 1];
  for (const part of parts) {
    const block = codec.compress(part);
    framed.push(0, 0, block.length >> 8, block.length & 0xff, ...block);
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  equal(text(codec.decompress(Uint8Array.from(framed))), parts.map(text).join(""));
  equal(text(codec.decompress(codec.compress(parts[0]!))), text(parts[0]!));
});
