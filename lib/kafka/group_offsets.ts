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

/** False while a transaction that stores the offset of a consumer group for a partition is undecided. */
export async function isGroupOffsetDecided(
  client: KafkaClient,
  groupId: string,
  topic: string,
  partition: number,
): Promise<boolean> {
  const answer = await askForOffsets(client, groupId, { topic, partition });
  if (answer.errorCode === ErrorCode.UNSTABLE_OFFSET_COMMIT) return false;
  offsetsOf(groupId, answer);
  return true;
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
  const offsets = offsetsOf(groupId, await askForOffsets(client, groupId, { topic, partition }));
  return offsets[topic]?.[partition];
}

/**
 * All offsets that a consumer group stored; none for a group that nobody knows. Those of transactions
 * that are open are not among them.
 */
export async function fetchGroupOffsets(client: KafkaClient, groupId: string): Promise<Offsets> {
  return offsetsOf(groupId, await askForOffsets(client, groupId, undefined));
}

/** What a coordinator answered. */
interface OffsetAnswer {
  readonly offsets: Offsets;
  /** The first that says that something is wrong. */
  readonly errorCode: number;
  readonly address: string;
}

function offsetsOf(groupId: string, { offsets, errorCode, address }: OffsetAnswer): Offsets {
  if (errorCode === ErrorCode.NONE) return offsets;
  throw refused(`read the offsets of group "${groupId}"`, address, errorCode);
}

async function askForOffsets(
  client: KafkaClient,
  groupId: string,
  wanted: { readonly topic: string; readonly partition: number } | undefined,
): Promise<OffsetAnswer> {
  const connection = await client.coordinator("group", groupId);
  const request = new RequestWriter(true).string(groupId);
  if (wanted === undefined) request.nullArray();
  else {
    request.array([wanted], ({ topic, partition }) => {
      request.string(topic).array([partition], () => request.int32(partition)).end();
    });
  }
  // Require stable offsets: wait for a transaction that is about to change the one that is wanted.
  request.boolean(wanted !== undefined).end();
  const response = await connection.send(OFFSET_FETCH, request);
  const errorCodes: number[] = [];
  const offsets: Record<string, Record<number, bigint>> = {};
  response.int32();
  response.array(() => {
    const ofTopic: Record<number, bigint> = offsets[response.string() ?? ""] = {};
    response.array(() => {
      const partition = response.int32();
      const offset = response.int64();
      response.int32();
      response.string();
      errorCodes.push(response.int16());
      response.end();
      if (offset >= 0n) ofTopic[partition] = offset;
    });
    response.end();
  });
  errorCodes.push(response.int16());
  const errorCode = errorCodes.find((code) => code !== ErrorCode.NONE) ?? ErrorCode.NONE;
  return { offsets, errorCode, address: connection.address };
}
