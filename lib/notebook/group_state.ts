import kafkajs, { type Admin, type MemberDescription } from "kafkajs";
import { SluiceError, systemClock } from "../core/mod.ts";

const { AssignerProtocol, Kafka, logLevel } = kafkajs;

const LOOK_MS = 20;
const TIMEOUT_MS = 15_000;

/** A consumer group that reads a topic. */
export interface GroupOfTopic {
  /** Kafka's addresses. */
  readonly brokers: readonly string[];
  /** The group's name. */
  readonly group: string;
  /** What it reads. */
  readonly topic: string;
}

/**
 * Which member of a group reads which partitions, as the broker knows it; waits until the group
 * agrees. What `groupDiagram` draws.
 *
 * @throws {SluiceError} `GROUP_NOT_STABLE` if the group does not agree in time.
 */
export async function groupAssignments(
  options: GroupOfTopic,
): Promise<Readonly<Record<string, readonly number[]>>> {
  return await withAdmin(options.brokers, (admin) => agreedAssignments(admin, options));
}

/**
 * The offsets that a group has committed, by partition: where it goes on after a restart. A partition
 * without one is missing.
 */
export async function groupOffsets(
  options: GroupOfTopic,
): Promise<Readonly<Record<number, bigint>>> {
  return await withAdmin(options.brokers, (admin) => committedOffsets(admin, options));
}

/** `groupAssignments` over a client that is there already. */
export async function agreedAssignments(
  admin: Admin,
  { group, topic }: GroupOfTopic,
): Promise<Readonly<Record<string, readonly number[]>>> {
  let state = "";
  const members = await until(async () => {
    const [found] = (await admin.describeGroups([group])).groups;
    state = found?.state ?? "none";
    return ["Stable", "Empty", "Dead"].includes(state) ? found?.members : undefined;
  });
  if (members === undefined) throw notStable(group, `state ${state}`, "a group that agrees");
  return Object.fromEntries(
    members.map((member) => [member.clientId, partitionsOf(member, topic)] as const)
      .sort(([a], [b]) => a < b ? -1 : 1),
  );
}

/** `groupOffsets` over a client that is there already. */
export async function committedOffsets(
  admin: Admin,
  { group, topic }: GroupOfTopic,
): Promise<Readonly<Record<number, bigint>>> {
  const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
  return Object.fromEntries(
    (found?.partitions ?? []).map(({ partition, offset }) => [partition, BigInt(offset)] as const)
      .filter(([, offset]) => offset >= 0n),
  );
}

/** Asks again and again until there is an answer; `undefined` if none came in time. */
export async function until<T>(
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T | undefined> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  while (!timeout.aborted) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await systemClock.sleep(LOOK_MS, timeout);
  }
  return undefined;
}

/** A client of kafkajs that says nothing and, with brokers this near, tries again at once. */
export function kafkajsClient(brokers: readonly string[], clientId: string): kafkajs.Kafka {
  const retry = { initialRetryTime: LOOK_MS, retries: 10 };
  return new Kafka({ brokers: [...brokers], clientId, logLevel: logLevel.NOTHING, retry });
}

/** The error of a group whose members do not come to an agreement in time. */
export function notStable(group: string, found: string, wanted: string): SluiceError {
  return new SluiceError("GROUP_NOT_STABLE", {
    attempted: `ask for group "${group}"`,
    found,
    wanted,
    hint: "a member that was killed holds its partitions for some seconds; look again",
    retryable: true,
  });
}

function partitionsOf({ memberAssignment }: MemberDescription, topic: string): number[] {
  // A member without partitions has no bytes here.
  if (memberAssignment.length === 0) return [];
  const { assignment } = AssignerProtocol.MemberAssignment.decode(memberAssignment) ?? {};
  return (assignment?.[topic] ?? []).toSorted((a, b) => a - b);
}

async function withAdmin<T>(
  brokers: readonly string[],
  ask: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = kafkajsClient(brokers, "lesson").admin();
  await admin.connect();
  try {
    return await ask(admin);
  } finally {
    await admin.disconnect();
  }
}
