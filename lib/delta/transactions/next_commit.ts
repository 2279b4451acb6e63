import { SluiceError } from "../../core/mod.ts";
import type { LogStore } from "../log/log_store.ts";
import { type Commit, readCommit, type Snapshot } from "../log/snapshot.ts";
import type {
  Action,
  AddFile,
  CommitInfo,
  Metadata,
  Protocol,
  RemoveFile,
} from "../protocol/actions.ts";
import { ENGINE_INFO } from "../protocol/engine_info.ts";
import { isTrue } from "../protocol/table_properties.ts";
import { type IsolationLevel, ROW_TRACKING_DOMAIN } from "./conflict_rules.ts";
import type { Transaction } from "./transaction.ts";

const IN_COMMIT_TIMESTAMPS = "delta.enableInCommitTimestamps";

/**
 * A transaction as the commit behind a snapshot. What depends on the version is worked out here, anew
 * for each try: the version read, the in-commit timestamp and the ids of rows.
 *
 * @throws {SluiceError} `CORRUPT_LOG` if the commit before lacks its in-commit timestamp.
 */
export async function nextCommit(
  store: LogStore,
  current: Snapshot | undefined,
  transaction: Transaction,
  isolation: IsolationLevel,
): Promise<Commit> {
  const version = current === undefined ? 0 : current.version + 1;
  let actions = current === undefined
    ? [...newTableActions(transaction), ...transaction.actions]
    : [...transaction.actions];
  const before = current?.metadata;
  const metadata = actions.find(({ metaData }) => metaData !== undefined)?.metaData ?? before;
  const protocol = actions.find(({ protocol }) => protocol !== undefined)?.protocol ??
    current?.protocol;
  const nowMs = Date.now();
  let commitInfo: CommitInfo = {
    timestamp: nowMs,
    operation: transaction.operation,
    operationParameters: transaction.operationParameters,
    ...(current === undefined ? {} : { readVersion: current.version }),
    isolationLevel: isolation,
    isBlindAppend: isBlindAppend(transaction),
    ...(transaction.operationMetrics === undefined
      ? {}
      : { operationMetrics: transaction.operationMetrics }),
    ...(transaction.userMetadata === undefined ? {} : { userMetadata: transaction.userMetadata }),
    engineInfo: ENGINE_INFO,
    txnId: transaction.txnId,
  };
  if (isOn(metadata, IN_COMMIT_TIMESTAMPS)) {
    const wasEnabled = isOn(before, IN_COMMIT_TIMESTAMPS);
    const previousMs = wasEnabled ? await inCommitMs(store, current!) : -Infinity;
    const inCommitTimestamp = Math.max(nowMs, previousMs + 1);
    commitInfo = { ...commitInfo, inCommitTimestamp };
    if (!wasEnabled && current !== undefined) {
      actions = actions.map((action) =>
        action.metaData === undefined
          ? action
          : { metaData: withEnablement(action.metaData, version, inCommitTimestamp) }
      );
    }
  }
  if (
    protocol?.writerFeatures?.includes("rowTracking") &&
    !isOn(metadata, "delta.rowTrackingSuspended")
  ) {
    if (rewritesRows(actions) && isOn(metadata, "delta.enableRowTracking")) {
      // The rows written anew do not carry their old ids in a column of their own.
      commitInfo = { ...commitInfo, tags: { "delta.rowTracking.preserved": "false" } };
    }
    actions = withRowIds(actions, current, version);
  }
  return { version, actions: [{ commitInfo }, ...actions] };
}

function newTableActions({ newTable }: Transaction): Action[] {
  return newTable === undefined
    ? []
    : [{ protocol: newTable.protocol }, { metaData: newTable.metaData }];
}

function isBlindAppend({ reads, actions }: Transaction): boolean {
  return reads.kind === "nothing" &&
    actions.every(({ add, txn, domainMetadata }) => add ?? txn ?? domainMetadata);
}

function isOn(metadata: Metadata | undefined, property: string): boolean {
  return metadata !== undefined && isTrue(metadata.configuration, property);
}

async function inCommitMs(store: LogStore, snapshot: Snapshot): Promise<number> {
  const info = snapshot.commitInfo ??
    (await readCommit(store, snapshot.version))?.actions.find(({ commitInfo }) => commitInfo)
      ?.commitInfo;
  if (info?.inCommitTimestamp !== undefined) return info.inCommitTimestamp;
  throw new SluiceError("CORRUPT_LOG", {
    attempted: `commit behind version ${snapshot.version}`,
    where: store.location,
    found: "no inCommitTimestamp in the newest commit",
    wanted: "one in every commit, as delta.enableInCommitTimestamps asks",
    hint: "a writer that does not know in-commit timestamps wrote to the table",
  });
}

function withEnablement(metadata: Metadata, version: number, timestampMs: number): Metadata {
  return {
    ...metadata,
    configuration: {
      ...metadata.configuration,
      "delta.inCommitTimestampEnablementVersion": String(version),
      "delta.inCommitTimestampEnablementTimestamp": String(timestampMs),
    },
  };
}

/** True if rows leave files and come back in others. */
function rewritesRows(actions: readonly Action[]): boolean {
  const removed = actions.map(({ remove }) => remove).filter((one): one is RemoveFile => !!one);
  const paths = new Set(removed.map(({ path }) => path));
  return removed.length > 0 && actions.some(({ add }) => add !== undefined && !paths.has(add.path));
}

/** Gives every new file the ids of its rows, behind the highest that the table ever gave. */
function withRowIds(
  actions: readonly Action[],
  current: Snapshot | undefined,
  version: number,
): Action[] {
  const domain = [...current?.domains() ?? []].find(({ domain }) => domain === ROW_TRACKING_DOMAIN);
  const before = domain === undefined ? -1 : highWaterMark(domain.configuration);
  let highest = before;
  const numbered = actions.map((action): Action => {
    const { add } = action;
    if (add === undefined || add.baseRowId !== undefined) return action;
    const baseRowId = highest + 1;
    highest += numRecords(add);
    return { add: { ...add, baseRowId, defaultRowCommitVersion: version } };
  });
  if (highest === before) return numbered;
  const configuration = JSON.stringify({ rowIdHighWaterMark: highest });
  return [
    ...numbered,
    { domainMetadata: { domain: ROW_TRACKING_DOMAIN, configuration, removed: false } },
  ];
}

function highWaterMark(configuration: string): number {
  const { rowIdHighWaterMark } = JSON.parse(configuration);
  return Number(rowIdHighWaterMark);
}

function numRecords({ path, stats }: AddFile): number {
  const count: unknown = stats === undefined ? undefined : JSON.parse(stats).numRecords;
  if (typeof count === "number") return count;
  throw new SluiceError("MISSING_STATS", {
    attempted: "give rows their ids",
    where: path,
    found: "no numRecords in the file's statistics",
    wanted: "the number of its rows, as row tracking asks",
  });
}

/** A new table with both, for a first commit. */
export interface NewTable {
  /** What clients must understand. */
  readonly protocol: Protocol;
  /** What the table is. */
  readonly metaData: Metadata;
}
