import type { Offsets } from "../core/mod.ts";
import { type KafkaClient, refused } from "./client.ts";
import type { Api } from "./connection.ts";
import { ErrorCode } from "./protocol_errors.ts";
import { RequestWriter } from "./wire.ts";

const OFFSET_COMMIT: Api = { name: "OffsetCommit", key: 8, version: 5, flexible: false };
const OFFSET_FETCH: Api = { name: "OffsetFetch", key: 9, version: 7, flexible: true };

/** Stores offsets of a consumer group without members; lag tools show them. */
export async function commitGroupOffsets(
  client: KafkaClient,
  groupId: string,
  offsets: Offsets,
): Promise<void> {
  const connection = await client.coordinator("group", groupId);
  const request = new RequestWriter(false).string(groupId).int32(-1).string("");
  request.array(Object.entries(offsets), ([topic, partitions]) => {
    request.string(topic).array(Object.entries(partitions), ([partition, offset]) => {
      request.int32(Number(partition)).int64(offset).string(null);
    });
  });
  const response = await connection.send(OFFSET_COMMIT, request);
  response.int32();
  response.array(() => {
    response.string();
    response.array(() => {
      response.int32();
      const errorCode = response.int16();
      if (errorCode !== ErrorCode.NONE) {
        throw refused(`commit offsets of group "${groupId}"`, connection.address, errorCode);
      }
    });
  });
}

/**
 * The offset a consumer group stored for a partition, or `undefined`. While a transaction that
 * stores one is being decided, the error is retryable.
 */
export async function fetchGroupOffset(
  client: KafkaClient,
  groupId: string,
  topic: string,
  partition: number,
): Promise<bigint | undefined> {
  const connection = await client.coordinator("group", groupId);
  const request = new RequestWriter(true).string(groupId);
  request.array([topic], () => {
    request.string(topic).array([partition], () => request.int32(partition)).end();
  });
  // Require stable offsets.
  request.boolean(true).end();
  const response = await connection.send(OFFSET_FETCH, request);
  response.int32();
  const offsets = response.array(() => {
    response.string();
    const partitions = response.array(() => {
      response.int32();
      const offset = response.int64();
      response.int32();
      response.string();
      const errorCode = response.int16();
      response.end();
      return { offset, errorCode };
    });
    response.end();
    return partitions;
  }).flat();
  const [found] = offsets;
  const errorCode = response.int16() || (found?.errorCode ?? ErrorCode.NONE);
  if (errorCode !== ErrorCode.NONE) {
    throw refused(`read the offsets of group "${groupId}"`, connection.address, errorCode);
  }
  return found === undefined || found.offset < 0n ? undefined : found.offset;
}
