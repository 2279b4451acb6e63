import type { Api, BrokerConnection } from "./connection.ts";
import { RequestWriter } from "./wire.ts";

const PRODUCE: Api = { name: "Produce", key: 0, version: 7, flexible: false };
const INIT_PRODUCER_ID: Api = { name: "InitProducerId", key: 22, version: 3, flexible: true };
const ALL_REPLICAS = -1;

/** Who a broker takes a producer for. */
export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** No identity yet: the broker gives one. */
export const NEW_PRODUCER: ProducerIdentity = { producerId: -1n, producerEpoch: -1 };

/** Sends one record batch and waits for all replicas; returns the error code. */
export async function produceBatch(
  connection: BrokerConnection,
  topic: string,
  partition: number,
  batch: Uint8Array,
  transactionalId: string | null,
  timeoutMs: number,
): Promise<number> {
  const request = new RequestWriter(false, batch.length + topic.length * 3 + 128)
    .string(transactionalId)
    .int16(ALL_REPLICAS)
    .int32(timeoutMs);
  request.array([topic], () => {
    request.string(topic).array([partition], () => request.int32(partition).byteArray(batch));
  });
  const response = await connection.send(PRODUCE, request);
  const [errorCode] = response.array(() => {
    response.string();
    return response.array(() => {
      response.int32();
      const errorCode = response.int16();
      for (let field = 0; field < 3; field++) response.int64();
      return errorCode;
    });
  }).flat();
  return errorCode!;
}

/**
 * Asks for a producer's identity. With a transactional id, all others with that id are fenced and
 * their open transaction ends; with the present identity too, only if it is still the newest.
 */
export async function initProducerId(
  connection: BrokerConnection,
  transactionalId: string | null,
  transactionTimeoutMs: number,
  present: ProducerIdentity,
): Promise<ProducerIdentity & { readonly errorCode: number }> {
  const request = new RequestWriter(true)
    .string(transactionalId)
    .int32(transactionTimeoutMs)
    .int64(present.producerId)
    .int16(present.producerEpoch)
    .end();
  const response = await connection.send(INIT_PRODUCER_ID, request);
  response.int32();
  return {
    errorCode: response.int16(),
    producerId: response.int64(),
    producerEpoch: response.int16(),
  };
}
