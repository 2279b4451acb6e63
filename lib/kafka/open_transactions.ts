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
 * Looks at each partition of a topic that a producer wrote to: true if it holds records of a
 * transaction that are neither committed nor aborted there. Empty where brokers cannot tell (before
 * Kafka 2.8); they forget a producer that is quiet for a day, but not while its transaction is open.
 */
export async function openTransactions(
  client: KafkaClient,
  { topic, partitions }: TopicMetadata,
  producerId: bigint,
): Promise<boolean[]> {
  const found: boolean[] = [];
  for (const [leaderId, led] of Map.groupBy(partitions, ({ leaderId }) => leaderId)) {
    const connection = await client.node(leaderId);
    if (!connection.supports(DESCRIBE_PRODUCERS)) return [];
    const request = new RequestWriter(true);
    request.array([topic], () => {
      request.string(topic).array(led, ({ partition }) => request.int32(partition)).end();
    }).end();
    const response = await connection.send(DESCRIBE_PRODUCERS, request);
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
          if (isOurs) found.push(firstOffset >= 0n);
        });
        response.end();
        if (errorCode !== ErrorCode.NONE) {
          const attempted = `look for open transactions in ${topic}-${partition}`;
          throw refused(attempted, connection.address, errorCode);
        }
      });
      response.end();
    });
  }
  return found;
}
