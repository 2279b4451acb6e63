import { refuseUnknownOptions, SluiceError } from "../../core/mod.ts";
import { KafkaClient, refused } from "../client.ts";
import type { BrokerConnection } from "../connection.ts";
import { CONNECTION_OPTIONS, type KafkaConnection, resolveConnection } from "../options.ts";
import { ErrorCode, errorCodeName } from "../protocol_errors.ts";

/** Calls a function with connections of its own. */
export async function withClient<T>(
  connection: KafkaConnection,
  call: (client: KafkaClient) => Promise<T>,
): Promise<T> {
  refuseUnknownOptions("connect to Kafka", connection, CONNECTION_OPTIONS);
  const client = new KafkaClient(resolveConnection(connection));
  try {
    return await call(client);
  } finally {
    client.close();
  }
}

/** Calls a function with a connection to the controller, again while its error is `retryable`. */
export async function onController<T>(
  client: KafkaClient,
  call: (connection: BrokerConnection) => Promise<T>,
): Promise<T> {
  return await client.quickly(async () => {
    const { controllerId } = await client.metadata([]);
    return await call(await client.node(controllerId));
  });
}

/** Throws the error for an error code other than 0, with what the broker says of it. */
export function refuseErrorCode(
  attempted: string,
  where: string,
  errorCode: number,
  message: string | null,
): void {
  if (errorCode === ErrorCode.NONE) return;
  const error = refused(attempted, where, errorCode);
  if (message === null) throw error;
  throw new SluiceError(error.code, {
    ...error.details,
    found: `${errorCodeName(errorCode)}: ${message}`,
  });
}
