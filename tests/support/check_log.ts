import { isDeepStrictEqual } from "node:util";
import { locateFile } from "../../lib/delta/files/file_in_table.ts";
import { DeltaTable } from "../../lib/delta/mod.ts";
import type {
  Action,
  AddFile,
  Metadata,
  PartitionValues,
  Protocol,
} from "../../lib/delta/protocol/actions.ts";
import { impliedFeatures } from "../../lib/delta/protocol/feature_list.ts";
import { allFields, parseFields } from "../../lib/delta/protocol/schema_json.ts";
import { isTrue, type TableProperties } from "../../lib/delta/protocol/table_properties.ts";
import { checkFile } from "./check_file.ts";
import { actionsOf } from "./delta_log.ts";

/** Features that clients need to read a table, of those that are written here. */
const READER_FEATURES = [
  "columnMapping",
  "deletionVectors",
  "timestampNtz",
  "typeWidening",
  "v2Checkpoint",
];
/** What a table may only do with a feature. */
const NEEDS: readonly [
  feature: string,
  isUsed: (schema: string, on: TableProperties) => boolean,
][] = [
  ["appendOnly", (_, on) => isTrue(on, "delta.appendOnly")],
  ["changeDataFeed", (_, on) => isTrue(on, "delta.enableChangeDataFeed")],
  ["checkConstraints", (_, on) => Object.keys(on).some((key) => /^delta\.constraints/.test(key))],
  ["columnMapping", (_, on) => mappingMode(on) !== "none"],
  ["deletionVectors", (_, on) => isTrue(on, "delta.enableDeletionVectors")],
  ["domainMetadata", (_, on) => isTrue(on, "delta.enableRowTracking")],
  ["generatedColumns", (schema) => schema.includes('"delta.generationExpression"')],
  ["inCommitTimestamp", (_, on) => isTrue(on, "delta.enableInCommitTimestamps")],
  ["invariants", (schema) => schema.includes('"delta.invariants"')],
  ["rowTracking", (_, on) => isTrue(on, "delta.enableRowTracking")],
  ["timestampNtz", (schema) => schema.includes('"timestamp_ntz"')],
  ["typeWidening", (schema) => schema.includes('"delta.typeChanges"')],
];

/**
 * Holds every commit of a table against the protocol, and every file that a commit adds against
 * what the commit says of it; files that a vacuum has removed are problems. Only for tables of which
 * all commits are there, and were made here.
 *
 * @returns For each problem a line that begins with its version; none if all is well.
 */
export async function checkLog(path: string): Promise<string[]> {
  const { version } = await DeltaTable.open(path);
  const log = new CheckedLog(path);
  for (let each = 0; each <= version; each++) await log.take(each, await actionsOf(path, each));
  return log.problems;
}

/** A log as far as it has been checked. */
class CheckedLog {
  readonly problems: string[] = [];
  readonly #path: string;
  #version = 0;
  #protocol: Protocol | undefined;
  #metadata: Metadata | undefined;
  /** By path: a file with one deletion vector and the same with another are never both there. */
  readonly #live = new Map<string, AddFile>();
  #lastTimestampMs = -Infinity;
  /** The rows' ids of each file that ever was, by path: the first, and the one behind the last. */
  readonly #rowIds = new Map<string, readonly [number, number]>();
  #highWaterMark = -1;

  constructor(path: string) {
    this.#path = path;
  }

  /** Checks the next commit. */
  async take(version: number, actions: readonly Action[]): Promise<void> {
    this.#version = version;
    const before = this.#metadata;
    this.#protocol = actions.find(({ protocol }) => protocol)?.protocol ?? this.#protocol;
    this.#metadata = actions.find(({ metaData }) => metaData)?.metaData ?? before;
    if (this.#protocol === undefined || this.#metadata === undefined) {
      return this.#say("no protocol or no metaData");
    }
    this.#checkShape(actions);
    this.#checkProtocol(this.#protocol, this.#metadata);
    this.#checkMapping(this.#metadata, before);
    this.#checkTimestamp(actions, this.#metadata, before);
    this.#checkRemoves(actions);
    for (const { add } of actions) if (add !== undefined) this.#checkAdd(add, actions);
    this.#checkRowIds(actions, this.#protocol, this.#metadata);
    this.#checkChanges(actions, this.#metadata);
    await this.#checkFiles(actions, this.#protocol, this.#metadata);
  }

  #say(problem: string): void {
    this.problems.push(`version ${this.#version}: ${problem}`);
  }

  #checkShape(actions: readonly Action[]): void {
    for (const action of actions) {
      if (Object.keys(action).length !== 1) this.#say(`an action of ${Object.keys(action)}`);
    }
    if (actions[0]?.commitInfo === undefined) this.#say("commitInfo is not first");
    const keys = actions.map((action) => {
      const { add, remove, cdc, txn, domainMetadata } = action;
      const named = add?.path ?? remove?.path ?? cdc?.path ?? txn?.appId ?? domainMetadata?.domain;
      return `${Object.keys(action)} ${named ?? ""}`;
    });
    for (const key of keys.filter((key, i) => keys.indexOf(key) < i)) this.#say(`twice: ${key}`);
    const changes = actions.some(({ metaData, protocol, remove, cdc }) =>
      metaData ?? protocol ?? remove ?? cdc
    );
    const info = actions[0]?.commitInfo;
    if (info?.isBlindAppend === true && changes && this.#version > 0) {
      this.#say("a blind append that does more than append");
    }
  }

  #checkProtocol(protocol: Protocol, { schemaString, configuration }: Metadata): void {
    const { minReaderVersion, minWriterVersion, readerFeatures, writerFeatures } = protocol;
    if ((minReaderVersion === 3) !== (readerFeatures !== undefined)) this.#say("readerFeatures");
    if ((minWriterVersion === 7) !== (writerFeatures !== undefined)) this.#say("writerFeatures");
    if (minReaderVersion === 3 && minWriterVersion !== 7) this.#say("reader 3 without writer 7");
    const features = writerFeatures ?? impliedFeatures(minWriterVersion);
    for (const feature of readerFeatures ?? []) {
      if (!features.includes(feature)) this.#say(`feature ${feature} for readers only`);
    }
    for (const feature of minReaderVersion === 3 ? features : []) {
      const isForReaders = readerFeatures?.includes(feature) ?? false;
      if (READER_FEATURES.includes(feature) && !isForReaders) {
        this.#say(`feature ${feature} for writers only`);
      }
    }
    for (const [feature, isUsed] of NEEDS) {
      if (isUsed(schemaString, configuration) && !features.includes(feature)) {
        this.#say(`${feature} is used and not in the protocol`);
      }
    }
  }

  #checkMapping({ schemaString, configuration }: Metadata, before: Metadata | undefined): void {
    if (mappingMode(configuration) === "none") return;
    const fields = [...allFields(parseFields(schemaString, this.#path))].map(({ field }) => field);
    const ids = fields.map(({ metadata }) => Number(metadata["delta.columnMapping.id"]));
    if (new Set(ids).size < ids.length || ids.some(Number.isNaN)) this.#say(`column ids ${ids}`);
    const highest = Number(configuration["delta.columnMapping.maxColumnId"]);
    const least = Number(before?.configuration["delta.columnMapping.maxColumnId"] ?? 0);
    if (!(highest >= Math.max(least, ...ids))) this.#say(`maxColumnId ${highest}`);
  }

  #checkTimestamp(
    actions: readonly Action[],
    { configuration }: Metadata,
    before: Metadata | undefined,
  ): void {
    const timestampMs = actions[0]?.commitInfo?.inCommitTimestamp;
    if (!isTrue(configuration, "delta.enableInCommitTimestamps")) {
      if (timestampMs !== undefined) this.#say("an inCommitTimestamp that nobody asked for");
      return;
    }
    if (!(Number(timestampMs) > this.#lastTimestampMs)) this.#say(`timestamp ${timestampMs}`);
    this.#lastTimestampMs = Number(timestampMs);
    const begins = before !== undefined &&
      !isTrue(before.configuration, "delta.enableInCommitTimestamps");
    const since = configuration["delta.inCommitTimestampEnablementVersion"];
    if (begins && since !== String(this.#version)) this.#say(`timestamps since ${since}`);
  }

  #checkRemoves(actions: readonly Action[]): void {
    const rearranges = actions[0]?.commitInfo?.operation === "OPTIMIZE";
    for (const { remove } of actions) {
      if (remove === undefined) continue;
      const { path, deletionTimestamp, dataChange, extendedFileMetadata } = remove;
      const file = this.#live.get(path);
      this.#live.delete(path);
      const isSame = (["partitionValues", "size", "deletionVector", "baseRowId"] as const)
        .every((key) => isDeepStrictEqual(remove[key], file?.[key]));
      if (!isSame) this.#say(`remove of ${path}, which is not there so`);
      if (typeof deletionTimestamp !== "number") this.#say(`deletionTimestamp of ${path}`);
      if (dataChange === rearranges) this.#say(`dataChange of remove ${path}`);
      if (extendedFileMetadata !== true) this.#say(`extendedFileMetadata of ${path}`);
    }
  }

  #checkAdd(add: AddFile, actions: readonly Action[]): void {
    const { path, deletionVector, stats, partitionValues, modificationTime } = add;
    const info = actions[0]?.commitInfo;
    const numbers = info?.operation === "SET TBLPROPERTIES";
    if (this.#live.has(path) && !numbers) this.#say(`add of ${path}, which is there`);
    this.#live.set(path, add);
    if (typeof modificationTime !== "number") this.#say(`modificationTime of ${path}`);
    if (add.dataChange === (numbers || info?.operation === "OPTIMIZE")) {
      this.#say(`dataChange of add ${path}`);
    }
    this.#checkPartition(path, partitionValues);
    const { numRecords, tightBounds } = JSON.parse(stats ?? "{}");
    if (typeof numRecords !== "number") this.#say(`no numRecords of ${path}`);
    if (deletionVector === undefined) return;
    if (tightBounds !== false) this.#say(`tight bounds of ${path}, of which rows are deleted`);
    if (deletionVector.cardinality >= numRecords) this.#say(`no row is left of ${path}`);
  }

  #checkPartition(path: string, values: PartitionValues): void {
    const { schemaString = "", partitionColumns = [] } = this.#metadata ?? {};
    const wanted = parseFields(schemaString, this.#path)
      .filter(({ name }) => partitionColumns.includes(name))
      .map(({ name, metadata }) => metadata["delta.columnMapping.physicalName"] ?? name);
    if (!isDeepStrictEqual(Object.keys(values).sort(), wanted.sort())) {
      this.#say(`partition columns ${Object.keys(values)} of ${path}`);
    }
  }

  #checkRowIds(
    actions: readonly Action[],
    { writerFeatures = [] }: Protocol,
    { configuration }: Metadata,
  ): void {
    if (!writerFeatures.includes("rowTracking")) return;
    // A file that comes back as it was before row tracking gets ids anew.
    const restores = actions[0]?.commitInfo?.operation === "RESTORE";
    for (const { domainMetadata } of actions) {
      if (domainMetadata?.domain !== "delta.rowTracking") continue;
      const { rowIdHighWaterMark } = JSON.parse(domainMetadata.configuration);
      if (!(rowIdHighWaterMark > this.#highWaterMark)) this.#say("the high-water mark falls");
      this.#highWaterMark = rowIdHighWaterMark;
    }
    for (const { path, baseRowId, stats, defaultRowCommitVersion } of this.#live.values()) {
      if (baseRowId === undefined) {
        if (isTrue(configuration, "delta.enableRowTracking")) this.#say(`no row ids of ${path}`);
        continue;
      }
      if (defaultRowCommitVersion === undefined) this.#say(`no row versions of ${path}`);
      const known = this.#rowIds.get(path);
      const end = baseRowId + JSON.parse(stats ?? "{}").numRecords;
      this.#rowIds.set(path, [baseRowId, end]);
      if (known !== undefined && known[0] !== baseRowId && !restores) {
        this.#say(`other row ids of ${path}`);
      }
      if (end - 1 > this.#highWaterMark) this.#say(`row ids of ${path} above the mark`);
      const others = known === undefined ? [...this.#rowIds] : [];
      for (const [other, [from, to]] of others) {
        if (other !== path && from < end && baseRowId < to) {
          this.#say(`${other} and ${path} share ids`);
        }
      }
    }
  }

  #checkChanges(actions: readonly Action[], { configuration }: Metadata): void {
    for (const { cdc } of actions) {
      if (cdc === undefined) continue;
      if (!isTrue(configuration, "delta.enableChangeDataFeed")) this.#say("cdc without a feed");
      if (cdc.dataChange !== false) this.#say(`dataChange of ${cdc.path}`);
      if (!cdc.path.startsWith("_change_data/")) this.#say(`change file ${cdc.path}`);
      this.#checkPartition(cdc.path, cdc.partitionValues);
    }
  }

  async #checkFiles(
    actions: readonly Action[],
    protocol: Protocol,
    metadata: Metadata,
  ): Promise<void> {
    const table = { path: this.#path, protocol, metadata };
    for (const { add, cdc } of actions) {
      try {
        const file = add ?? cdc;
        if (file === undefined) continue;
        const { size } = await Deno.stat(locateFile(this.#path, file.path));
        if (size !== file.size) this.#say(`${file.path} has ${size} bytes, not ${file.size}`);
        if (add === undefined) continue;
        for (const problem of await checkFile(table, add)) this.#say(`${add.path}: ${problem}`);
      } catch (error) {
        this.#say(String(error));
      }
    }
  }
}

function mappingMode(properties: TableProperties): string {
  return properties["delta.columnMapping.mode"] ?? "none";
}
