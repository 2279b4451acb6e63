/**
 * What makes the notebooks pleasant, and nothing else: a lesson with a place of its own in every
 * service, tables, plots and small drawings of what Kafka does. Only notebooks call it; it calls
 * `kafka`, `stack`, `streaming` and `core`, Observable Plot and linkedom.
 *
 *     startLesson                     the services; topics, tables and files that go at the end
 *     readTopic, table                records as text, anything as a table
 *     joinGroup, groupOffsets, …      a consumer group, one step after the other
 *     plot, progress                  Observable Plot as SVG; a query while it runs
 *     until                           waits for what a query is to do
 *     serviceGate, kafkaGate          an address of a service that can be shut
 *     …Diagram                        partitions, consumer groups, windows, the watermark
 *
 * Everything shown is a `Display`: HTML or SVG, and always text. Pictures are SVG, because that is
 * what JupyterLab, VS Code and GitHub all show.
 *
 * @module
 */
export { Display, type MimeBundle } from "./display.ts";
export type { DiagramEvent, DiagramWindow } from "./event_time_parts.ts";
export type { RegistryAddress } from "./forget_subjects.ts";
export { groupDiagram, type GroupDiagramOptions } from "./group_diagram.ts";
export {
  type GroupMember,
  joinGroup,
  type JoinGroupOptions,
  type PolledRecord,
} from "./group_member.ts";
export { groupAssignments, groupOffsets, type GroupOfTopic } from "./group_state.ts";
export { type Lesson, startLesson } from "./lesson.ts";
export {
  type PartitionRecord,
  partitionsDiagram,
  type PartitionsDiagramOptions,
} from "./partitions_diagram.ts";
export { type AxisOptions, type ColorOptions, plot, type PlotOptions } from "./plot.ts";
export { progress, type ShowLive } from "./progress.ts";
export { readTopic, type RecordText } from "./read_topic.ts";
export { kafkaGate, type ServiceGate, serviceGate } from "./service_gate.ts";
export { table, type TableOptions } from "./table.ts";
export { until } from "./until.ts";
export {
  type DiagramBatch,
  watermarkDiagram,
  type WatermarkDiagramOptions,
} from "./watermark_diagram.ts";
export { windowsDiagram, type WindowsDiagramOptions } from "./windows_diagram.ts";
