import { firstBytes } from "./first_bytes.ts";

/**
 * True when a broker on 127.0.0.1 answers a Metadata request and counts at least one broker, itself, as ready for work.
 *
 * The port alone tells little: Kafka listens a good while before its controller lets the broker in.
 */
export async function kafkaAnswers(port: number, timeoutMs: number): Promise<boolean> {
  const head = await firstBytes(port, metadataRequest(), 16, timeoutMs);
  // size, correlation id, throttle time, then the array of brokers, here its length.
  return head !== undefined && head.getInt32(4) === correlationId && head.getInt32(12) > 0;
}

const correlationId = 1;

/** Metadata request, version 4, for no topics: the Kafka protocol guide, "Metadata API (Key: 3)". */
function metadataRequest(): Uint8Array {
  const clientId = new TextEncoder().encode("sluice-stack");
  const bodyBytes = 2 + 2 + 4 + 2 + clientId.length + 4 + 1;
  const view = new DataView(new ArrayBuffer(4 + bodyBytes));
  view.setInt32(0, bodyBytes);
  view.setInt16(4, 3); // api key
  view.setInt16(6, 4); // api version
  view.setInt32(8, correlationId);
  view.setInt16(12, clientId.length);
  const bytes = new Uint8Array(view.buffer);
  bytes.set(clientId, 14);
  view.setInt32(14 + clientId.length, 0); // no topics; the last byte, 0, allows no topic creation
  return bytes;
}
