import type { OutputMode, Schema, Sink, Source } from "../../core/mod.ts";
import type { Operator, StatefulOperator } from "../../transforms/mod.ts";
import type { RowMaker } from "../input/row_maker.ts";
import type { PlanNode, StatefulNode } from "./node.ts";

/** Where a sink hangs in a query as it is written. */
export interface Tap {
  readonly sink: Sink;
  readonly node: PlanNode;
  /** Set for late rows: those that came too late for this input of the node. */
  readonly lateInput?: number;
}

/**
 * A query in the order in which it is run. Rows lie in slots, one for each point of the query at
 * which there are any: first those of the inputs, then those of the steps.
 */
export interface QueryPlan {
  /** The node that all others lead to. */
  readonly last: PlanNode;
  /** One for each source, in the order of their lines in `offsets/N`. */
  readonly inputs: readonly PlanInput[];
  /** What is made of their rows; each step comes behind those that it takes rows of. */
  readonly steps: readonly PlanStep[];
  /** In the order in which they commit. */
  readonly sinks: readonly PlanSink[];
  /** The delay of each watermark, in milliseconds. */
  readonly watermarkDelaysMs: readonly number[];
  /** What each slot holds, in append, update or complete mode. */
  readonly slotModes: readonly OutputMode[];
  /** True if there is a step that remembers. */
  readonly hasState: boolean;
}

/** A source, and how rows are made of its records: slot `i` holds the rows of input `i`. */
export interface PlanInput {
  readonly source: Source;
  readonly rowMaker: RowMaker;
  /** The nodes that it stands for: that of the source, and those of the operators behind it. */
  readonly nodes: readonly PlanNode[];
  /** Which watermark its rows make, if they make one. */
  readonly watermark: number | undefined;
}

/** One operator, behind the inputs. */
export type PlanStep = StatelessStep | StatefulStep;

/** An operator whose rows have no record of their own any more. */
export interface StatelessStep {
  readonly kind: "stateless";
  readonly operator: Operator;
  readonly label: string;
  readonly input: number;
  readonly output: number;
  /** Which watermark it makes, if it makes one. */
  readonly watermark: number | undefined;
  /** In update mode: the columns that tell its rows apart. */
  readonly keyColumns: readonly string[];
  /** In update mode: true if a row may come again, changed. */
  readonly rowsChange: boolean;
}

/** An operator with state. */
export interface StatefulStep {
  readonly kind: "stateful";
  readonly node: StatefulNode;
  readonly operator: StatefulOperator;
  /** The same over all runs: its place among the operators with state. */
  readonly operatorId: number;
  readonly inputs: readonly number[];
  readonly output: number;
  readonly mode: OutputMode;
}

/** A sink, and what it gets. */
export interface PlanSink {
  readonly sink: Sink;
  readonly node: PlanNode;
  readonly slot: number;
  readonly schema: Schema;
  readonly mode: OutputMode;
  readonly keyColumns: readonly string[];
  /** Set for late rows: of which step, and of which of its inputs. */
  readonly late: { readonly step: StatefulStep; readonly input: number } | undefined;
}
