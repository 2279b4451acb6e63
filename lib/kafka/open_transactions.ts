import { type KafkaClient, refused } from "./client.ts";
import type { Api } from "./connection.ts";
import type { TopicMetadata } from "./metadata.ts";
import { ErrorCode } from "./protocol_errors.ts";
import { RequestWriter } from "./wire.ts";

const DESCRIBE_PRODUCERS: Api = {
  name: "DescribeProducers",
  key: 61,
  version: 0,
  flexible: true,
};

/**
 * True if a partition of a topic holds records of a producer's transaction that are neither committed
 * nor aborted there. False too where brokers cannot tell (before Kafka 2.8).
 */
export async function hasOpenTransaction(
  client: KafkaClient,
  { topic, partitions }: TopicMetadata,
  producerId: bigint,
): Promise<boolean> {
  for (const [leaderId, led] of Map.groupBy(partitions, ({ leaderId }) => leaderId)) {
    const connection = await client.node(leaderId);
    if (!connection.supports(DESCRIBE_PRODUCERS)) return false;
    const request = new RequestWriter(true);
    request.array([topic], () => {
      request.string(topic).array(led, ({ partition }) => request.int32(partition)).end();
    }).end();
    const response = await connection.send(DESCRIBE_PRODUCERS, request);
    let isOpen = false;
    response.int32();
    response.array(() => {
      response.string();
      response.array(() => {
        const partition = response.int32();
        const errorCode = response.int16();
        response.string();
        response.array(() => {
          const isOurs = response.int64() === producerId;
          response.int32();
          response.int32();
          response.int64();
          response.int32();
          const firstOffset = response.int64();
          response.end();
          if (isOurs && firstOffset >= 0n) isOpen = true;
        });
        response.end();
        if (errorCode !== ErrorCode.NONE) {
          const attempted = `look for open transactions in ${topic}-${partition}`;
          throw refused(attempted, connection.address, errorCode);
        }
      });
      response.end();
    });
    if (isOpen) return true;
  }
  return false;
}
