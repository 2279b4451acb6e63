import type { Decoder, RowSource, Schema, Source } from "../../core/mod.ts";
import type {
  EventTimeOperator,
  Operator,
  StatefulOperator,
  StreamRows,
} from "../../transforms/mod.ts";

/** The rows at one point of a query as it is written, and how they are made. */
export type PlanNode = SourceNode | StatelessNode | StatefulNode;

/** What is known of rows before any is there. */
interface PointRows extends StreamRows {
  /** For people, in one line: `where price > 0`. */
  readonly label: string;
  /** The columns that tell the rows apart; empty where rows may be alike. */
  readonly keyColumns: readonly string[];
  /** True if there is a watermark for these rows, be its column there or not. */
  readonly hasWatermark: boolean;
}

/** Makes an operator for rows; made again, it does the same for rows with more columns. */
export type MakeOperator<Made> = (...inputs: readonly PlanNode[]) => Made;

/** Records of a source, made into rows. */
export interface SourceNode extends PointRows {
  readonly kind: "source";
  readonly source: Source;
  /** Absent: the source has rows. */
  readonly decoder: Decoder | undefined;
}

/** Rows that come of other rows, one by one. */
export interface StatelessNode extends PointRows {
  readonly kind: "stateless";
  readonly input: PlanNode;
  readonly operator: Operator;
  /** The node as it is behind other rows. */
  readonly behind: (input: PlanNode) => StatelessNode;
  /** Set for `withWatermark`: its delay, in milliseconds. */
  readonly watermarkDelayMs: number | undefined;
}

/** Rows that come of other rows and those before them. */
export interface StatefulNode extends PointRows {
  readonly kind: "stateful";
  readonly inputs: readonly PlanNode[];
  readonly operator: StatefulOperator;
  /** The node as it is behind other rows. */
  readonly behind: (inputs: readonly PlanNode[]) => StatefulNode;
}

/** The rows that a decoder makes of a source's records. */
export function decodedNode(source: Source, decoder: Decoder): SourceNode {
  return sourceNode(source, decoder, decoder.schema);
}

/** The rows of a source of rows. */
export function rowsNode(source: RowSource): SourceNode {
  return sourceNode(source, undefined, source.schema);
}

function sourceNode(source: Source, decoder: Decoder | undefined, schema: Schema): SourceNode {
  const label = source.description;
  return { kind: "source", source, decoder, schema, label, keyColumns: [], hasWatermark: false };
}

/** The rows that an operator without state makes. */
export function statelessNode(
  input: PlanNode,
  make: MakeOperator<Operator>,
  label: string,
): StatelessNode {
  const operator = make(input);
  const passes = operator.passes ?? (() => undefined);
  const eventTime = input.eventTime === undefined ? undefined : passes(input.eventTime);
  const keys = input.keyColumns.map(passes);
  return {
    kind: "stateless",
    input,
    operator,
    behind: (other) => statelessNode(other, make, label),
    label,
    schema: operator.schema,
    eventTime,
    delayMicros: input.delayMicros,
    // Of a key of several columns, those that are left do not tell rows apart.
    keyColumns: keys.every((key) => key !== undefined) ? keys : [],
    hasWatermark: input.hasWatermark,
    watermarkDelayMs: undefined,
  };
}

/** The same rows, with a watermark. */
export function watermarkNode(
  input: PlanNode,
  make: MakeOperator<EventTimeOperator>,
  label: string,
): StatelessNode {
  const operator = make(input);
  return {
    ...statelessNode(input, () => operator, label),
    behind: (other) => watermarkNode(other, make, label),
    eventTime: operator.column,
    delayMicros: BigInt(operator.delayMs) * 1000n,
    hasWatermark: true,
    watermarkDelayMs: operator.delayMs,
  };
}

/** The rows that an operator with state makes. */
export function statefulNode(
  inputs: readonly PlanNode[],
  make: MakeOperator<StatefulOperator>,
): StatefulNode {
  const operator = make(...inputs);
  return {
    kind: "stateful",
    inputs,
    operator,
    behind: (others) => statefulNode(others, make),
    label: operator.name,
    schema: operator.schema,
    eventTime: operator.eventTime,
    delayMicros: inputs.map((input) => input.delayMicros).find((delay) => delay !== undefined),
    keyColumns: operator.keyColumns,
    hasWatermark: inputs.some((input) => input.hasWatermark),
  };
}

/** The nodes that a node takes rows of. */
export function inputsOf(node: PlanNode): readonly PlanNode[] {
  if (node.kind === "source") return [];
  return node.kind === "stateless" ? [node.input] : node.inputs;
}

/**
 * True for an operator whose rows change as those of its input do, one by one: a join with a table
 * that stands still. It has state only to keep that table.
 */
export function passesChanges(operator: StatefulOperator): boolean {
  return operator.staticTables !== undefined;
}

/**
 * True if in update mode a row may come again, changed: rows stand for keys of the operator with state
 * before them, be the columns of these keys still there or not.
 */
export function rowsChange(node: PlanNode): boolean {
  if (node.kind === "source") return false;
  if (node.kind === "stateless") return rowsChange(node.input);
  if (passesChanges(node.operator)) return rowsChange(node.inputs[0]!);
  return node.keyColumns.length > 0 && node.operator.onlyAdds !== true;
}

/** True if rows come through an operator that remembers rows, as a join with a table does not. */
export function isBehindState(node: PlanNode): boolean {
  if (node.kind === "stateful" && !passesChanges(node.operator)) return true;
  return inputsOf(node).some(isBehindState);
}
