/** What is known of a table feature. See Delta's "table features". */
export interface TableFeature {
  /** True if readers have to know it, too. */
  readonly forReaders: boolean;
  /** The versions that had it before there were features. */
  readonly legacy?: { readonly reader: number; readonly writer: number };
  /** Features that it cannot be without. */
  readonly needs?: readonly string[];
}

const READER_WRITER: TableFeature = { forReaders: true };
const WRITER: TableFeature = { forReaders: false };

/** The features that tables are written with here, in the order that their lists have. */
export const TABLE_FEATURES: Readonly<Record<string, TableFeature>> = {
  appendOnly: { ...WRITER, legacy: { reader: 1, writer: 2 } },
  invariants: { ...WRITER, legacy: { reader: 1, writer: 2 } },
  checkConstraints: { ...WRITER, legacy: { reader: 1, writer: 3 } },
  changeDataFeed: { ...WRITER, legacy: { reader: 1, writer: 4 } },
  generatedColumns: { ...WRITER, legacy: { reader: 1, writer: 4 } },
  columnMapping: { ...READER_WRITER, legacy: { reader: 2, writer: 5 } },
  identityColumns: { ...WRITER, legacy: { reader: 1, writer: 6 } },
  allowColumnDefaults: WRITER,
  clustering: { ...WRITER, needs: ["domainMetadata"] },
  deletionVectors: READER_WRITER,
  domainMetadata: WRITER,
  icebergCompatV1: { ...WRITER, needs: ["columnMapping"] },
  icebergCompatV2: { ...WRITER, needs: ["columnMapping"] },
  inCommitTimestamp: WRITER,
  rowTracking: { ...WRITER, needs: ["domainMetadata"] },
  timestampNtz: READER_WRITER,
  typeWidening: READER_WRITER,
  "typeWidening-preview": READER_WRITER,
  v2Checkpoint: READER_WRITER,
  vacuumProtocolCheck: READER_WRITER,
};

/** The features that a writer version asks for without naming them. */
export function impliedFeatures(minWriterVersion: number): string[] {
  return Object.keys(TABLE_FEATURES).filter((name) => {
    const { legacy } = TABLE_FEATURES[name]!;
    return legacy !== undefined && legacy.writer <= minWriterVersion;
  });
}

/** These features and those that they cannot be without, in the order of the list. */
export function withNeededFeatures(names: Iterable<string>): string[] {
  const all = new Set<string>();
  for (const name of names) {
    all.add(name);
    for (const needed of TABLE_FEATURES[name]?.needs ?? []) all.add(needed);
  }
  return Object.keys(TABLE_FEATURES).filter((name) => all.has(name));
}
