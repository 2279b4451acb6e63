import { isRecord, SluiceError } from "../../core/mod.ts";
import { refuseStrangeAction } from "./check_action.ts";

/** What a client must understand to read and to write the table. */
export interface Protocol {
  /** 1 to 3. */
  readonly minReaderVersion: number;
  /** 1 to 7. */
  readonly minWriterVersion: number;
  /** There exactly if `minReaderVersion` is 3. */
  readonly readerFeatures?: readonly string[];
  /** There exactly if `minWriterVersion` is 7. */
  readonly writerFeatures?: readonly string[];
}

/** What the table is. */
export interface Metadata {
  /** A UUID: the table's identity. */
  readonly id: string;
  /** For people. */
  readonly name?: string;
  /** For people. */
  readonly description?: string;
  /** `parquet`, always. */
  readonly format: {
    readonly provider: string;
    readonly options: Readonly<Record<string, string>>;
  };
  /** The schema as JSON. */
  readonly schemaString: string;
  /** The columns whose values are in `partitionValues`, not in the files. */
  readonly partitionColumns: readonly string[];
  /** Milliseconds since 1970. */
  readonly createdTime?: number;
  /** The table's properties: `delta.checkpointInterval` and the like. */
  readonly configuration: Readonly<Record<string, string>>;
}

/** Where the deleted rows of a data file are listed. */
export interface DeletionVector {
  /** `u`: a file named by a UUID; `p`: a path; `i`: in place. */
  readonly storageType: string;
  /** The UUID in Z85, the path, or the bytes in Z85. */
  readonly pathOrInlineDv: string;
  /** Where it begins in its file. */
  readonly offset?: number;
  /** How long it is, without its checksum. */
  readonly sizeInBytes: number;
  /** How many rows are deleted. */
  readonly cardinality: number;
}

/** Values by partition column, as text; null for null. */
export type PartitionValues = Readonly<Record<string, string | null>>;

/** A data file that is part of the table from this commit on. */
export interface AddFile {
  /** URI-encoded, relative to the table. */
  readonly path: string;
  /** The value of every partition column. */
  readonly partitionValues: PartitionValues;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modificationTime: number;
  /** False if the file only rearranges rows that the table has. */
  readonly dataChange: boolean;
  /** Statistics as JSON. */
  readonly stats?: string;
  /** Whatever its writer noted. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Which of its rows are deleted. */
  readonly deletionVector?: DeletionVector;
  /** The id of its first row, under row tracking. */
  readonly baseRowId?: number;
  /** The version that first had its rows, under row tracking. */
  readonly defaultRowCommitVersion?: number;
  /** What clustered its rows. */
  readonly clusteringProvider?: string;
}

/** A data file that is no part of the table any more. */
export interface RemoveFile {
  /** As in the `add`. */
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly deletionTimestamp?: number;
  /** False if its rows are in other files now. */
  readonly dataChange: boolean;
  /** True if what follows can be relied on. */
  readonly extendedFileMetadata?: boolean;
  /** As in the `add`. */
  readonly partitionValues?: PartitionValues;
  /** As in the `add`. */
  readonly size?: number;
  /** As in the `add`. */
  readonly stats?: string;
  /** As in the `add`. */
  readonly tags?: Readonly<Record<string, string>>;
  /** As in the `add`. */
  readonly deletionVector?: DeletionVector;
  /** As in the `add`. */
  readonly baseRowId?: number;
  /** As in the `add`. */
  readonly defaultRowCommitVersion?: number;
}

/** A file with rows that an operation changed, for readers of the change data feed. */
export interface CdcFile {
  /** URI-encoded, relative to the table: below `_change_data`. */
  readonly path: string;
  /** The value of every partition column. */
  readonly partitionValues: PartitionValues;
  /** Bytes. */
  readonly size: number;
  /** False: the rows are in data files, too. */
  readonly dataChange: false;
  /** Whatever its writer noted. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** How far an application has come; written with the data, so that nothing is written twice. */
export interface SetTransaction {
  /** Who; for a query, its id. */
  readonly appId: string;
  /** How far; for a query, the batchId. */
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly lastUpdated?: number;
}

/** Settings of a feature or an application that the table carries along. */
export interface DomainMetadata {
  /** Whose; `delta.` begins those of features. */
  readonly domain: string;
  /** Text that the owner understands. */
  readonly configuration: string;
  /** True where the domain is taken away. */
  readonly removed: boolean;
}

/** A file with a part of a v2 checkpoint's actions; only in checkpoints. */
export interface Sidecar {
  /** Its name below `_delta_log/_sidecars`. */
  readonly path: string;
  /** Bytes. */
  readonly sizeInBytes: number;
  /** Milliseconds since 1970. */
  readonly modificationTime: number;
}

/** What made the commit; for people, and for conflict rules. */
export interface CommitInfo {
  /** Milliseconds since 1970. */
  readonly timestamp?: number;
  /** `STREAMING UPDATE`, `WRITE`, … */
  readonly operation?: string;
  /** What the operation was told. */
  readonly operationParameters?: Readonly<Record<string, unknown>>;
  /** The version that the writer built on. */
  readonly readVersion?: number;
  /** `Serializable` or `WriteSerializable`. */
  readonly isolationLevel?: string;
  /** True if it only added files and read none. */
  readonly isBlindAppend?: boolean;
  /** What the operation did. */
  readonly operationMetrics?: Readonly<Record<string, string>>;
  /** Program and version. */
  readonly engineInfo?: string;
  /** Milliseconds since 1970, later than those of the version before; under in-commit timestamps. */
  readonly inCommitTimestamp?: number;
  /** The commit's own id. */
  readonly txnId?: string;
  /** What the user noted. */
  readonly userMetadata?: string;
  /** What features noted: `delta.rowTracking.preserved`. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** One line of a commit: exactly one of these fields. Kinds that are not known have none of them. */
export interface Action {
  /** What made the commit. */
  readonly commitInfo?: CommitInfo;
  /** A new protocol. */
  readonly protocol?: Protocol;
  /** New metadata; replaces the old as a whole. */
  readonly metaData?: Metadata;
  /** How far an application has come. */
  readonly txn?: SetTransaction;
  /** A file that comes. */
  readonly add?: AddFile;
  /** A file that goes. */
  readonly remove?: RemoveFile;
  /** A file with changed rows. */
  readonly cdc?: CdcFile;
  /** A setting. */
  readonly domainMetadata?: DomainMetadata;
  /** A part of a checkpoint. */
  readonly sidecar?: Sidecar;
}

/** The bytes of a commit: one action a line. */
export function formatActions(actions: readonly Action[]): Uint8Array {
  return new TextEncoder().encode(actions.map((action) => JSON.stringify(action) + "\n").join(""));
}

/**
 * Reads a commit.
 *
 * @throws {SluiceError} `CORRUPT_LOG` naming file and line if it is not JSON, one object a line, or
 * an action lacks what it needs.
 */
export function parseActions(bytes: Uint8Array, where: string): Action[] {
  const actions: Action[] = [];
  new TextDecoder().decode(bytes).split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    const action = parseLine(line);
    if (action === undefined) {
      throw new SluiceError("CORRUPT_LOG", {
        attempted: "read a commit",
        where: `${where} line ${i + 1}`,
        found: line.length > 80 ? `${line.slice(0, 80)}…` : line,
        wanted: "a JSON object",
      });
    }
    refuseStrangeAction(action, `${where} line ${i + 1}`);
    actions.push(action);
  });
  return actions;
}

function parseLine(line: string): Action | undefined {
  let action: unknown;
  try {
    action = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(action)) return undefined;
  // Some writers write null for what is not there; within partition values it is a value.
  for (const body of Object.values(action)) {
    if (!isRecord(body)) continue;
    dropNulls(body);
    if (isRecord(body.deletionVector)) dropNulls(body.deletionVector);
  }
  dropNulls(action);
  return action;
}

function dropNulls(object: Record<string, unknown>): void {
  for (const key in object) if (object[key] === null) delete object[key];
}
