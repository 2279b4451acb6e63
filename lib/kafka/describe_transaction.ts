import type { Api, BrokerConnection } from "./connection.ts";
import type { ProducerIdentity } from "./produce.ts";
import { RequestWriter } from "./wire.ts";

/** Of Kafka 3.0 and newer. */
export const DESCRIBE_TRANSACTIONS: Api = {
  name: "DescribeTransactions",
  key: 65,
  version: 0,
  flexible: true,
};

/** Who has a transactional id. */
export interface TransactionDescription extends ProducerIdentity {
  /** How its newest transaction stands, in Kafka's words, such as `CompleteCommit`. */
  readonly state: string | null;
}

/** Asks the coordinator of a transactional id, with the error code that it answers. */
export async function describeTransaction(
  connection: BrokerConnection,
  transactionalId: string,
): Promise<TransactionDescription & { readonly errorCode: number }> {
  const request = new RequestWriter(true);
  request.array([transactionalId], () => request.string(transactionalId)).end();
  const response = await connection.send(DESCRIBE_TRANSACTIONS, request);
  response.int32();
  const [described] = response.array(() => {
    const errorCode = response.int16();
    response.string();
    const state = response.string();
    response.int32();
    response.int64();
    const producerId = response.int64();
    const producerEpoch = response.int16();
    response.array(() => {
      response.string();
      response.array(() => response.int32());
      response.end();
    });
    response.end();
    return { errorCode, state, producerId, producerEpoch };
  });
  return described!;
}
