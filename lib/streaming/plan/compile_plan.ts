import type { OutputMode } from "../../core/mod.ts";
import { RowMaker } from "../input/row_maker.ts";
import { inputsOf, passesChanges, type PlanNode, rowsChange, type SourceNode } from "./node.ts";
import type {
  PlanInput,
  PlanSink,
  PlanStep,
  QueryPlan,
  StatefulStep,
  StatelessStep,
  Tap,
} from "./query_plan.ts";
import { refuseBadModes, refuseBadTaps, refuseSharedSources } from "./refuse_bad_plan.ts";

/**
 * Brings a query into the order in which it is run. Sources and operators get their numbers by their
 * place in front of the last node alone, so that a sink more or less changes none.
 *
 * @param name For errors.
 * @param last The node that all others lead to.
 * @throws {SluiceError} `BAD_PIPELINE` if the query cannot be run as it is written.
 */
export function compilePlan(
  name: string,
  last: PlanNode,
  taps: readonly Tap[],
  outputMode: OutputMode,
): QueryPlan {
  refuseBadTaps(name, last, taps);
  const nodes = inOrder(last);
  const sources = nodes.filter((node) => node.kind === "source");
  refuseSharedSources(name, sources);
  const compiler = new Compiler(nodes, taps);
  for (const source of sources) compiler.addInput(source);
  const modes = outputModes(nodes, outputMode);
  for (const node of nodes) compiler.addStep(node, modes.get(node)!);
  const plan = compiler.finish(last, modes);
  refuseBadModes(name, plan, outputMode);
  return plan;
}

/** All nodes, each behind those that it takes rows of; the left input of a join before the right. */
function inOrder(last: PlanNode): PlanNode[] {
  const nodes = new Set<PlanNode>();
  const visit = (node: PlanNode) => {
    if (nodes.has(node)) return;
    for (const input of inputsOf(node)) visit(input);
    nodes.add(node);
  };
  visit(last);
  return [...nodes];
}

/**
 * What the rows at each node are. The query's mode is that of the operators that remember and have
 * none such behind them; those before them can only add rows.
 */
function outputModes(
  nodes: readonly PlanNode[],
  outputMode: OutputMode,
): ReadonlyMap<PlanNode, OutputMode> {
  const feedsState = new Set<PlanNode>();
  for (const node of nodes.toReversed()) {
    const remembers = node.kind === "stateful" && !passesChanges(node.operator);
    if (!remembers && !feedsState.has(node)) continue;
    for (const input of inputsOf(node)) feedsState.add(input);
  }
  const modes = new Map<PlanNode, OutputMode>();
  for (const node of nodes) {
    if (node.kind === "source") modes.set(node, "append");
    else if (node.kind === "stateless") modes.set(node, modes.get(node.input)!);
    else if (passesChanges(node.operator)) modes.set(node, modes.get(node.inputs[0]!)!);
    else modes.set(node, feedsState.has(node) ? "append" : outputMode);
  }
  return modes;
}

/** Gives nodes their slots. */
class Compiler {
  readonly #taps: readonly Tap[];
  /** How many sinks and nodes take rows of a node. */
  readonly #takers = new Map<PlanNode, number>();
  readonly #next = new Map<PlanNode, PlanNode>();
  readonly #watermarks: PlanNode[];
  readonly #slots = new Map<PlanNode, number>();
  readonly #inputs: PlanInput[] = [];
  readonly #steps: PlanStep[] = [];
  #operators = 0;

  constructor(nodes: readonly PlanNode[], taps: readonly Tap[]) {
    this.#taps = taps;
    this.#watermarks = nodes.filter((node) =>
      node.kind === "stateless" && node.watermarkDelayMs !== undefined
    );
    for (const node of nodes) {
      for (const input of inputsOf(node)) {
        this.#count(input);
        this.#next.set(input, node);
      }
    }
    for (const { node, lateInput } of taps) if (lateInput === undefined) this.#count(node);
  }

  /** An input takes along the operators behind its source that nothing else takes rows before. */
  addInput(source: SourceNode): void {
    const nodes: PlanNode[] = [source];
    let rowMaker = RowMaker.of(
      source.decoder === undefined ? { schema: source.schema } : { decoder: source.decoder },
    );
    for (let node: PlanNode = source; this.#takers.get(node) === 1;) {
      const next = this.#next.get(node);
      if (next?.kind !== "stateless") break;
      rowMaker = rowMaker.with(next.operator);
      nodes.push(next);
      node = next;
    }
    for (const node of nodes) this.#slots.set(node, this.#inputs.length);
    const watermarks = nodes.map((node) => this.#watermarkOf(node));
    const watermark = watermarks.find((each) => each !== undefined);
    this.#inputs.push({ source: source.source, rowMaker, nodes, watermark });
  }

  /** A step for a node that is part of no input. */
  addStep(node: PlanNode, mode: OutputMode): void {
    if (node.kind === "source" || this.#slots.has(node)) return;
    const output = this.#inputs.length + this.#steps.length;
    this.#slots.set(node, output);
    const inputs = inputsOf(node).map((input) => this.#slots.get(input)!);
    if (node.kind === "stateless") {
      const { operator, label, keyColumns } = node;
      const watermark = this.#watermarkOf(node);
      const step: StatelessStep = {
        kind: "stateless",
        operator,
        label,
        input: inputs[0]!,
        output,
        watermark,
        keyColumns,
        rowsChange: rowsChange(node),
      };
      this.#steps.push(step);
    } else {
      const operatorId = this.#operators++;
      const { operator } = node;
      this.#steps.push({ kind: "stateful", node, operator, operatorId, inputs, output, mode });
    }
  }

  finish(last: PlanNode, modes: ReadonlyMap<PlanNode, OutputMode>): QueryPlan {
    const slotModes: OutputMode[] = [];
    for (const [node, slot] of this.#slots) slotModes[slot] = modes.get(node)!;
    return {
      last,
      inputs: this.#inputs,
      steps: this.#steps,
      sinks: this.#taps.map((tap) => this.#sink(tap, modes)),
      watermarkDelaysMs: this.#watermarks.map((node) =>
        node.kind === "stateless" ? node.watermarkDelayMs ?? 0 : 0
      ),
      slotModes,
      hasState: this.#operators > 0,
    };
  }

  #sink({ sink, node, lateInput }: Tap, modes: ReadonlyMap<PlanNode, OutputMode>): PlanSink {
    const slot = this.#slots.get(node)!;
    const { schema, keyColumns } = node;
    const mode = modes.get(node)!;
    const tap = { sink, node, slot, schema, mode, keyColumns };
    if (lateInput === undefined) return { ...tap, late: undefined };
    const isHere = (step: PlanStep): step is StatefulStep =>
      step.kind === "stateful" && step.node === node;
    const late = { step: this.#steps.find(isHere)!, input: lateInput };
    const rows = inputsOf(node)[lateInput]!;
    return { ...tap, schema: rows.schema, mode: "append", keyColumns: rows.keyColumns, late };
  }

  #count(node: PlanNode): void {
    this.#takers.set(node, (this.#takers.get(node) ?? 0) + 1);
  }

  #watermarkOf(node: PlanNode): number | undefined {
    const index = this.#watermarks.indexOf(node);
    return index < 0 ? undefined : index;
  }
}
