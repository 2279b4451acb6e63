import { type Row, schema as s } from "sluice";
import {
  type Batch,
  type Decoder,
  isRecord,
  type NoRow,
  type RecordBlock,
  recordValue,
  type StructType,
} from "../lib/core/mod.ts";
import {
  convertValue,
  describeJson,
  findSyntaxError,
  isObject,
  JsonNumber,
  type JsonObject,
  type JsonValue,
  Mismatch,
  missing,
  ownField,
  parseJson,
} from "../lib/formats/json/mod.ts";

const Header = s.struct({ batch_id: s.string(), as_of: s.date() });

const Manager = s.struct({ name: s.string(), since: s.date().nullable() });

const Price = s.struct({ date: s.date(), nav: s.decimal(18, 6) });

/** A fund without its prices, which are checked one by one. */
const FundDetails = s.struct({
  fund_id: s.integer(),
  name: s.string(),
  currency: s.string().nullable(),
  manager: Manager.nullable(),
});

const Fund = s.struct({
  fund_id: s.integer(),
  name: s.string(),
  currency: s.string().nullable(),
  manager: Manager.nullable(),
  prices: s.array(Price),
});

/** What is wrong with an entry of a batch, which is left out for it. */
const Problem = s.struct({
  /** Where it is: `funds[3].prices[0].nav`. */
  path: s.string(),
  /** Such as `found "abc", wanted decimal(18,6)`. */
  problem: s.string(),
  /** The fund or the price that is left out, as JSON. */
  entry: s.string(),
});

/** A batch of funds with their prices, as far as it is right, and what is wrong with the rest. */
export const FundBatch = s.struct({
  batch_id: s.string(),
  as_of: s.date(),
  funds: s.array(Fund),
  problems: s.array(Problem),
});

type Told = Row<typeof Problem>;

/**
 * Reads batches of funds, one JSON object a record. Each fund and each price is checked by itself: one
 * with a field that is missing, unknown or of another type goes among the `problems` and the others
 * stay; a fund takes its prices with it.
 *
 * @param noBatch What becomes of a record that is no batch at all: a dead letter, or nothing, as where
 * another query of the same records tells of it.
 */
export function fundBatches(
  noBatch: "reject" | "skip" = "reject",
): Decoder<Row<typeof FundBatch>> {
  return {
    schema: FundBatch,
    decode(block: RecordBlock, batch: Batch<Row<typeof FundBatch>>): NoRow[] {
      const noRows: NoRow[] = [];
      for (let index = 0; index < block.count; index++) {
        const read = readBatch(recordValue(block, index));
        if (typeof read !== "string") batch.append(read);
        else noRows.push(noBatch === "skip" ? { index } : { index, error: read });
      }
      return noRows;
    },
  };
}

/** The batch in a record, or why there is none. */
function readBatch(value: Uint8Array | null): Row<typeof FundBatch> | string {
  if (value === null) return "found no value, wanted a batch of funds";
  const syntaxError = findSyntaxError(value, 0, value.length);
  if (syntaxError !== undefined) return `not JSON: ${syntaxError}`;
  const json = parseJson(
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value).trim(),
  );
  const read = readFields(json, Header.type, "", ["funds"]);
  if (Array.isArray(read)) return read.map(({ path, problem }) => path + problem).join("; ");
  const entries = readList(json as JsonObject, "funds", "funds");
  if (!Array.isArray(entries)) return entries.path + entries.problem;
  const problems: Told[] = [];
  const header = read as Row<typeof Header>;
  return { ...header, funds: readFunds(entries, problems), problems };
}

function readFunds(entries: readonly JsonValue[], problems: Told[]): Row<typeof Fund>[] {
  const funds: Row<typeof Fund>[] = [];
  const placeOf = new Map<number, string>();
  for (const [i, entry] of entries.entries()) {
    const path = `funds[${i}]`;
    const tell = (found: readonly Found[]) => problems.push(...found.map(told(entry)));
    const read = readFields(entry, FundDetails.type, path, ["prices"]);
    if (Array.isArray(read)) {
      tell(read);
      continue;
    }
    const details = read as Row<typeof FundDetails>;
    const prices = readList(entry as JsonObject, "prices", `${path}.prices`);
    const twin = placeOf.get(details.fund_id);
    if (!Array.isArray(prices)) tell([prices]);
    else if (twin !== undefined) {
      tell([{ path: `${path}.fund_id`, problem: `: found ${details.fund_id}, as in ${twin}` }]);
    } else {
      placeOf.set(details.fund_id, path);
      funds.push({ ...details, prices: readPrices(prices, `${path}.prices`, problems) });
    }
  }
  return funds;
}

function readPrices(
  entries: readonly JsonValue[],
  parent: string,
  problems: Told[],
): Row<typeof Price>[] {
  const prices: Row<typeof Price>[] = [];
  const placeOf = new Map<number, string>();
  for (const [i, entry] of entries.entries()) {
    const path = `${parent}[${i}]`;
    const read = readFields(entry, Price.type, path);
    if (Array.isArray(read)) {
      problems.push(...read.map(told(entry)));
      continue;
    }
    const price = read as Row<typeof Price>;
    const twin = placeOf.get(price.date);
    if (twin === undefined) {
      placeOf.set(price.date, path);
      prices.push(price);
    } else {
      problems.push(told(entry)({ path: `${path}.date`, problem: `: the same as in ${twin}` }));
    }
  }
  return prices;
}

/** What is wrong, and where. */
interface Found {
  readonly path: string;
  readonly problem: string;
}

/**
 * The fields of an object, or all that is wrong with them.
 *
 * @param others Fields that may be there too and are read elsewhere.
 */
function readFields(
  value: JsonValue,
  type: StructType,
  path: string,
  others: readonly string[] = [],
): Record<string, unknown> | Found[] {
  if (!isObject(value)) {
    return [{ path, problem: `${path && ": "}found ${describeJson(value)}, wanted an object` }];
  }
  const at = (name: string) =>
    !/^\w+$/.test(name)
      ? `${path}[${JSON.stringify(name)}]`
      : path === ""
      ? name
      : `${path}.${name}`;
  const known = [...type.fields.map(({ name }) => name), ...others];
  const found: Found[] = Object.keys(value).filter((name) => !known.includes(name)).map((name) => ({
    path: at(name),
    problem: `: no such field, wanted one of ${known.join(", ")}`,
  }));
  const row: Record<string, unknown> = {};
  for (const field of type.fields) {
    const own = ownField(value, field.name);
    const isThere = own !== undefined && own !== null;
    const read = isThere && isStruct(field.type)
      ? readFields(own, field.type, at(field.name))
      : isThere
      ? unstorable(own) ?? convertValue(own, field.type)
      : field.nullable
      ? null
      : missing(own, field.type);
    if (Array.isArray(read)) found.push(...read);
    else if (read instanceof Mismatch) {
      found.push({ path: at(field.name) + read.path, problem: read.problem });
    } else row[field.name] = read;
  }
  return found.length > 0 ? found : row;
}

/** What Postgres has no text for. */
function unstorable(value: JsonValue): Mismatch | undefined {
  if (typeof value !== "string" || !value.includes("\0")) return undefined;
  return new Mismatch(`: found ${JSON.stringify(value)}, wanted text without U+0000`);
}

function readList(object: JsonObject, name: string, path: string): JsonValue[] | Found {
  const list = ownField(object, name);
  if (Array.isArray(list)) return list;
  const problem = list === undefined
    ? " is missing"
    : `: found ${describeJson(list)}, wanted an array`;
  return { path, problem };
}

function isStruct(type: unknown): type is StructType {
  return isRecord(type) && type.type === "struct";
}

/** Tells of an entry what was found, with the entry as it is. */
function told(entry: JsonValue): (found: Found) => Told {
  const text = JSON.stringify(entry, exactNumbers);
  return ({ path, problem }) => ({ path, problem: problem.replace(/^:? /, ""), entry: text });
}

function exactNumbers(_name: string, value: unknown): unknown {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  return value instanceof JsonNumber ? rawJSON(value.text) : value;
}
