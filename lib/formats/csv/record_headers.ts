import { isRecord, type RecordHeader } from "../../core/mod.ts";
import type { CsvDialect } from "./csv_dialect.ts";

/** The header of a record that holds the first line of its file, with the names of the columns. */
export const CSV_HEADER = "csv.header";

/** The header of a record that says how its fields are set apart, as JSON. */
export const CSV_DIALECT = "csv.dialect";

const encoder = new TextEncoder();

/**
 * What a record has to say of itself, so that a decoder can read it wherever it has got to: a dead
 * letter too, once it is sent again.
 */
export function csvRecordHeaders(
  dialect: CsvDialect,
  headerLine: Uint8Array | undefined,
): RecordHeader[] {
  const { sep, quote, escape } = dialect;
  const value = encoder.encode(JSON.stringify({ sep, quote, escape }));
  return [
    { key: CSV_DIALECT, value },
    ...(headerLine === undefined ? [] : [{ key: CSV_HEADER, value: headerLine }]),
  ];
}

/** What the headers of a record say; each is absent where they do not. */
export function readRecordHeaders(
  headers: readonly RecordHeader[],
): { readonly dialect?: CsvDialect; readonly headerLine?: Uint8Array } {
  const headerLine = valueOf(headers, CSV_HEADER);
  const dialect = parseDialect(valueOf(headers, CSV_DIALECT));
  return {
    ...(dialect === undefined ? {} : { dialect }),
    ...(headerLine === undefined ? {} : { headerLine }),
  };
}

function valueOf(headers: readonly RecordHeader[], name: string): Uint8Array | undefined {
  return headers.find(({ key }) => key === name)?.value ?? undefined;
}

function parseDialect(value: Uint8Array | undefined): CsvDialect | undefined {
  if (value === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(value));
  } catch {
    return undefined;
  }
  if (!isRecord(json)) return undefined;
  const { sep, quote, escape } = json;
  const isDialect = typeof sep === "string" && typeof quote === "string" &&
    typeof escape === "string";
  return isDialect ? { sep, quote, escape } : undefined;
}
