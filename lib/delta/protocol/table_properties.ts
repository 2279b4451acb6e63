/** A table's properties, `metaData.configuration`. */
export type TableProperties = Readonly<Record<string, string>>;

const DEFAULT_CHECKPOINT_INTERVAL = 10;
const DEFAULT_INDEXED_COLUMNS = 32;
const DEFAULT_RETENTION_MS = 7 * 86_400_000;

const UNIT_MS: Readonly<Record<string, number>> = {
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
};

/** After how many commits a checkpoint is due: `delta.checkpointInterval`, 10 by default. */
export function checkpointInterval(properties: TableProperties): number {
  const value = Number(properties["delta.checkpointInterval"]);
  return Number.isInteger(value) && value > 0 ? value : DEFAULT_CHECKPOINT_INTERVAL;
}

/**
 * How many leaf columns have statistics, from the first: `delta.dataSkippingNumIndexedCols`, 32 by
 * default, -1 for all.
 */
export function numIndexedColumns(properties: TableProperties): number {
  const value = Number(properties["delta.dataSkippingNumIndexedCols"] ?? DEFAULT_INDEXED_COLUMNS);
  if (!Number.isInteger(value) || value < -1) return DEFAULT_INDEXED_COLUMNS;
  return value === -1 ? Infinity : value;
}

/** How long removed files stay known: `delta.deletedFileRetentionDuration`, 7 days by default. */
export function tombstoneRetentionMs(properties: TableProperties): number {
  const text = properties["delta.deletedFileRetentionDuration"];
  return (text === undefined ? undefined : intervalMs(text)) ?? DEFAULT_RETENTION_MS;
}

/** Milliseconds of Spark's `interval 1 week` or `interval 36 hours`; `undefined` if it is neither. */
function intervalMs(text: string): number | undefined {
  const parts = [
    ...text.trim().toLowerCase().replace(/^interval\s+/, "")
      .matchAll(/(\d+)\s+(millisecond|second|minute|hour|day|week)s?/g),
  ];
  return parts.length === 0
    ? undefined
    : parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit!]!, 0);
}
