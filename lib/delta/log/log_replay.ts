import type {
  Action,
  AddFile,
  CommitInfo,
  DeletionVector,
  DomainMetadata,
  Metadata,
  Protocol,
  RemoveFile,
  SetTransaction,
} from "../protocol/actions.ts";

/**
 * What is left when actions cancel each other out: the newest for each file, application and
 * domain. See Delta's "action reconciliation".
 */
export class LogReplay {
  /** The newest protocol. */
  protocol: Protocol | undefined;
  /** The newest metadata. */
  metadata: Metadata | undefined;
  /** What the newest commit says of itself; `undefined` after a checkpoint, which does not tell. */
  commitInfo: CommitInfo | undefined;
  /** The table's files, by path and deletion vector. */
  readonly files: Map<string, AddFile> = new Map();
  /** Files removed, by path and deletion vector. */
  readonly tombstones: Map<string, RemoveFile> = new Map();
  /** The newest transaction of each application, even where its version is lower. */
  readonly txns: Map<string, SetTransaction> = new Map();
  /** The settings of each domain that has not been removed. */
  readonly domains: Map<string, DomainMetadata> = new Map();

  /** Takes in a checkpoint, or a commit; oldest first. */
  apply(actions: readonly Action[]): void {
    this.commitInfo = actions.find((action) => action.commitInfo !== undefined)?.commitInfo;
    for (const { protocol, metaData, add, remove, txn, domainMetadata } of actions) {
      if (add !== undefined) {
        const key = fileKey(add);
        this.files.set(key, add);
        this.tombstones.delete(key);
      } else if (remove !== undefined) {
        const key = fileKey(remove);
        this.tombstones.set(key, remove);
        this.files.delete(key);
      } else if (txn !== undefined) {
        this.txns.set(txn.appId, txn);
      } else if (domainMetadata !== undefined) {
        if (domainMetadata.removed) this.domains.delete(domainMetadata.domain);
        else this.domains.set(domainMetadata.domain, domainMetadata);
      } else if (metaData !== undefined) {
        // The protocol requires both, but some writers leave out what is empty.
        this.metadata = {
          ...metaData,
          partitionColumns: metaData.partitionColumns ?? [],
          configuration: metaData.configuration ?? {},
        };
      } else if (protocol !== undefined) {
        this.protocol = protocol;
      }
    }
  }
}

/** A file with one deletion vector is another logical file than the same with another. */
function fileKey(
  { path, deletionVector }: { path: string; deletionVector?: DeletionVector },
): string {
  // One file, whether its absolute path is written as `file:///a`, `file:/a` or `/a`.
  const file = path.startsWith("file:") ? path.replace(/^file:\/*/, "/") : path;
  if (deletionVector === undefined) return file;
  const { storageType, pathOrInlineDv, offset } = deletionVector;
  const vector = `${storageType}${pathOrInlineDv}`;
  return `${file} ${offset === undefined ? vector : `${vector}@${offset}`}`;
}
