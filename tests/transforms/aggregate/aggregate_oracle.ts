import {
  type DataType,
  Decimal,
  type OutputMode,
  type Schema,
  typeName,
} from "../../../lib/core/mod.ts";
import type {
  AggregateSpec,
  SessionWindowSpec,
  WindowRow,
  WindowSpec,
} from "../../../lib/transforms/mod.ts";
import type { InputWatermark } from "../run_operator.ts";
import { nearestToSum } from "./exact_rounding.ts";

export type Values = Record<string, unknown>;
export type Key = string | WindowSpec | SessionWindowSpec;

/** A row that counts in a group. */
interface Member {
  readonly row: Values;
  /** How many came before it. */
  readonly arrival: number;
  readonly micros: bigint | undefined;
}

interface OracleGroup {
  readonly keys: Values;
  readonly window: WindowRow | undefined;
  readonly members: Member[];
}

/**
 * Aggregates rows as objects, from scratch in each batch: it keeps all rows of all groups, and knows
 * nothing of columns, state or codecs.
 */
export class AggregateOracle {
  readonly #schema: Schema;
  readonly #keys: readonly Key[];
  readonly #aggregates: Readonly<Record<string, AggregateSpec>>;
  readonly #mode: OutputMode;
  readonly #watermark: InputWatermark | undefined;
  #groups = new Map<string, OracleGroup>();
  #newestMs: bigint | undefined;
  #last = 0n;
  #current = 0n;
  #arrivals = 0;

  constructor(
    schema: Schema,
    keys: readonly Key[],
    aggregates: Readonly<Record<string, AggregateSpec>>,
    mode: OutputMode,
    watermark: InputWatermark | undefined,
  ) {
    this.#schema = schema;
    this.#keys = keys;
    this.#aggregates = aggregates;
    this.#mode = mode;
    this.#watermark = watermark;
  }

  batch(rows: readonly Values[]): { rows: Values[]; deletes: Values[]; late: Values[] } {
    const late: Values[] = [];
    const before = new Map([...this.#groups].map(([id, group]) => [id, this.#resultOf(group)]));
    const touched = this.#session === undefined
      ? this.#addToGroups(rows, late)
      : this.#addToSessions(this.#session, rows, late);
    if (this.#keys.length === 0 && this.#groups.size === 0) {
      const id = text([{}, undefined]);
      this.#groups.set(id, { keys: {}, window: undefined, members: [] });
      touched.add(id);
    }
    const closed = [...this.#groups].filter(([, group]) => this.#isOver(group, this.#current));
    const changed = [...touched].map((id) => this.#resultOf(this.#groups.get(id)!));
    const gone = [...before].filter(([id]) => !this.#groups.has(id)).map(([, row]) => row);
    const result = this.#mode === "append"
      ? closed.map(([, group]) => this.#resultOf(group))
      : this.#mode === "update"
      ? changed
      : [...this.#groups.values()].map((group) => this.#resultOf(group));
    if (this.#mode !== "complete") { for (const [id] of closed) this.#groups.delete(id); }
    this.#advance(rows);
    return { rows: result, deletes: this.#mode === "update" ? gone : [], late };
  }

  get #session(): SessionWindowSpec | undefined {
    return this.#keys.find((key): key is SessionWindowSpec =>
      typeof key !== "string" && key.kind === "session"
    );
  }

  #addToGroups(rows: readonly Values[], late: Values[]): Set<string> {
    const touched = new Set<string>();
    for (const row of rows) {
      const groups = this.#groupsOf(row);
      const open = this.#mode === "complete"
        ? groups
        : groups.filter((group) => !this.#isOver(group, this.#last));
      if (groups.length > 0 && open.length === 0) late.push(row);
      for (const group of open) {
        const id = text([group.keys, group.window]);
        touched.add(id);
        if (!this.#groups.has(id)) this.#groups.set(id, group);
        this.#groups.get(id)!.members.push({ row, arrival: this.#arrivals++, micros: undefined });
      }
    }
    return touched;
  }

  /** The groups of a row, without members. */
  #groupsOf(row: Values): OracleGroup[] {
    const keys = this.#plainKeys(row);
    const spec = this.#keys.find((key): key is WindowSpec => typeof key !== "string");
    if (spec === undefined) return [{ keys, window: undefined, members: [] }];
    const micros = timeOf(row[spec.column]);
    if (micros === undefined) return [];
    const windows: WindowRow[] = [];
    const near = (micros - spec.startMicros) / spec.slideMicros;
    const reach = spec.durationMicros / spec.slideMicros + 2n;
    for (let n = near - reach; n <= near + 2n; n++) {
      const start = spec.startMicros + n * spec.slideMicros;
      const end = start + spec.durationMicros;
      if (start <= micros && micros < end) windows.push({ start, end });
    }
    return windows.map((window) => ({ keys, window, members: [] }));
  }

  #addToSessions(
    { column, gapMicros }: SessionWindowSpec,
    rows: readonly Values[],
    late: Values[],
  ): Set<string> {
    const added = new Set<Member>();
    const byKey = new Map<string, Member[]>();
    for (const { members } of this.#groups.values()) {
      const id = text(this.#plainKeys(members[0]!.row));
      byKey.set(id, [...byKey.get(id) ?? [], ...members]);
    }
    for (const row of rows) {
      const micros = timeOf(row[column]);
      if (micros === undefined) continue;
      if (this.#hasWatermarkOn(column) && micros + gapMicros <= this.#last) {
        late.push(row);
        continue;
      }
      const member = { row, arrival: this.#arrivals++, micros };
      const id = text(this.#plainKeys(row));
      added.add(member);
      byKey.set(id, [...byKey.get(id) ?? [], member]);
    }
    this.#groups = new Map();
    const touched = new Set<string>();
    for (const members of byKey.values()) {
      for (const session of sessionsOf(members, gapMicros)) {
        const keys = this.#plainKeys(members[0]!.row);
        const id = text([keys, session.window]);
        const inOrder = [...session.members].sort((a, b) => a.arrival - b.arrival);
        this.#groups.set(id, { keys, window: session.window, members: inOrder });
        if (inOrder.some((member) => added.has(member))) touched.add(id);
      }
    }
    return touched;
  }

  #plainKeys(row: Values): Values {
    const names = this.#keys.filter((key) => typeof key === "string");
    return Object.fromEntries(names.map((name) => [name, normalized(row[name])]));
  }

  /** True if the watermark closes the group. */
  #isOver({ keys, window }: OracleGroup, micros: bigint): boolean {
    for (const key of this.#keys) {
      if (typeof key !== "string" && this.#hasWatermarkOn(key.column)) return window!.end <= micros;
    }
    for (const key of this.#keys) {
      if (typeof key !== "string" || !this.#hasWatermarkOn(key)) continue;
      const time = keys[key];
      return typeof time === "bigint" && time <= micros;
    }
    return false;
  }

  #hasWatermarkOn(column: string): boolean {
    return this.#watermark?.column === column;
  }

  #resultOf({ keys, window, members }: OracleGroup): Values {
    const columns = this.#keys.map((key) =>
      typeof key === "string" ? [key, keys[key]] : [key.name, window]
    );
    const values = Object.entries(this.#aggregates).map(([name, spec]) => [
      name,
      this.#aggregate(spec, members.map(({ row }) => row)),
    ]);
    return Object.fromEntries([...columns, ...values]);
  }

  #aggregate(spec: AggregateSpec, rows: readonly Values[]): unknown {
    const [column] = spec.columns;
    if (column === undefined) return BigInt(rows.length);
    const { type } = this.#schema.fields.find(({ name }) => name === column)!;
    const values = rows.map((row) => row[column]).filter((value) => value !== null);
    switch (spec.function) {
      case "count":
        return BigInt(values.length);
      case "sum":
        return values.length === 0 ? null : sumOf(type, values);
      case "avg":
        return values.length === 0 ? null : meanOf(type, values);
      case "min":
        return values.reduce((a, b) => a === undefined || compare(b, a) < 0 ? b : a, undefined) ??
          null;
      case "max":
        return values.reduce((a, b) => a === undefined || compare(b, a) > 0 ? b : a, undefined) ??
          null;
      case "first":
        return inOrder(rows, spec.orderBy).at(0)?.[column] ?? null;
      case "last":
        return inOrder(rows, spec.orderBy).at(-1)?.[column] ?? null;
      case "countDistinct": {
        const tuples = rows.map((row) => spec.columns.map((name) => normalized(row[name])))
          .filter((tuple) => tuple.every((value) => value !== null));
        return BigInt(new Set(tuples.map(text)).size);
      }
      case "collectList":
        return values;
      case "collectSet":
        return [...new Map(values.map((value) => [text(normalized(value)), normalized(value)]))
          .values()];
    }
  }

  #advance(rows: readonly Values[]): void {
    this.#last = this.#current;
    if (this.#watermark === undefined) return;
    for (const row of rows) {
      const micros = row[this.#watermark.column] as bigint | null;
      if (micros === null) continue;
      const millis = floorDivide(micros, 1000n);
      if (this.#newestMs === undefined || millis > this.#newestMs) this.#newestMs = millis;
    }
    const reached = (this.#newestMs ?? 0n) * 1000n - this.#watermark.delayMicros;
    if (this.#newestMs !== undefined && reached > this.#current) this.#current = reached;
  }
}

/** Rows that have a value to be ordered by, in that order; else all, as they came. */
function inOrder(rows: readonly Values[], orderBy: string | undefined): Values[] {
  if (orderBy === undefined) return [...rows];
  return rows.filter((row) => row[orderBy] !== null)
    .sort((a, b) => compare(a[orderBy], b[orderBy]));
}

function sessionsOf(
  members: readonly Member[],
  gapMicros: bigint,
): { window: WindowRow; members: Set<Member> }[] {
  const sorted = [...members].sort((a, b) => compare(a.micros, b.micros));
  const sessions: { window: WindowRow; members: Set<Member> }[] = [];
  for (const member of sorted) {
    const start = member.micros!;
    const session = sessions.at(-1);
    if (session === undefined || start > session.window.end) {
      sessions.push({ window: { start, end: start + gapMicros }, members: new Set([member]) });
    } else {
      session.window.end = start + gapMicros;
      session.members.add(member);
    }
  }
  return sessions;
}

function sumOf(type: DataType, values: readonly unknown[]): unknown {
  if (typeName(type).startsWith("decimal")) {
    return (values as Decimal[]).reduce((sum, value) => sum.plus(value));
  }
  if (type === "double" || type === "float") return floatingSum(values as number[]);
  return values.reduce<bigint>((sum, value) => sum + BigInt(value as number), 0n);
}

function meanOf(type: DataType, values: readonly unknown[]): unknown {
  const sum = sumOf(type, values);
  if (!(sum instanceof Decimal)) return Number(sum) / values.length;
  const scaled = sum.unscaled * 10n ** 4n;
  const count = BigInt(values.length);
  const magnitude = scaled < 0n ? -scaled : scaled;
  const rounded = magnitude / count + (magnitude % count * 2n >= count ? 1n : 0n);
  return new Decimal(scaled < 0n ? -rounded : rounded, sum.scale + 4);
}

function floatingSum(values: readonly number[]): number {
  const special = values.filter((value) => !Number.isFinite(value));
  return special.length > 0 ? special.reduce((a, b) => a + b) : nearestToSum(values);
}

/** As Spark orders values of one type; nulls within them first. */
export function compare(a: unknown, b: unknown): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null);
  if (a instanceof Decimal) return a.compare(b as Decimal);
  if (typeof a === "string") return compare(bytesOf(a), bytesOf(b as string));
  if (a instanceof Uint8Array) return compare([...a], [...b as Uint8Array]);
  if (Array.isArray(a)) {
    const other = b as unknown[];
    for (let i = 0; i < Math.min(a.length, other.length); i++) {
      const compared = compare(a[i], other[i]);
      if (compared !== 0) return compared;
    }
    return a.length - other.length;
  }
  if (typeof a === "object") return compare(Object.values(a!), Object.values(b as object));
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

/** As Spark groups it: -0.0 is 0.0. */
function normalized(value: unknown): unknown {
  if (typeof value === "number") return value + 0;
  if (Array.isArray(value)) return value.map(normalized);
  if (value !== null && typeof value === "object" && value.constructor === Object) {
    return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, normalized(of)]));
  }
  return value;
}

/** A value as text: equal for equal values, -0 and 0 apart. */
export function text(value: unknown): string {
  if (value instanceof Decimal) return `${value} (Decimal)`;
  if (value instanceof Uint8Array) return `0x${value.toHex()}`;
  if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const fields = Object.entries(value).map(([name, of]) => `${name}: ${text(of)}`);
    return `{${fields.join(", ")}}`;
  }
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  return Object.is(value, -0) ? "-0" : String(value);
}

function timeOf(value: unknown): bigint | undefined {
  if (value === null) return undefined;
  return typeof value === "bigint" ? value : (value as WindowRow).end - 1n;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

function bytesOf(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
