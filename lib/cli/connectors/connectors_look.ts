import { type ConnectorStatus, hasFailed, isRunning } from "../../connect/mod.ts";
import { print } from "../print.ts";
import { textTable } from "../table/table_text.ts";
import { connectorCommand, JSON_FLAG } from "./connector_command.ts";
import { namesOf, requireStatus } from "./connector_names.ts";

/** The exit code where a connector does not run. */
const NOT_ALL_RUN = 3;

const COLUMNS = ["CONNECTOR", "TYPE", "STATE", "WORKER"].map((title) => ({ title }));

/** How connectors are. */
export const statusCommand = connectorCommand({
  name: "status",
  summary: "Shows how connectors are, and why those failed that did; exit code 3 unless all run.",
  operand: "name or file",
  allByDefault: true,
  flags: JSON_FLAG,
  async run({ connect, operands, flags }) {
    const names = await namesOf(operands);
    const statuses = names.length === 0
      ? await connect.list()
      : await Promise.all(names.map((name) => requireStatus(connect, name)));
    const failures = new Map<string, { problem: string; hint: string }>();
    for (const status of statuses.filter(hasFailed)) {
      failures.set(status.name, await connect.explain(status));
    }
    if (flags.json) {
      for (const status of statuses) {
        print(JSON.stringify({ ...status, ...failures.get(status.name) }));
      }
    } else if (statuses.length === 0) print("no connectors");
    else {
      print(textTable(
        COLUMNS,
        statuses.map((each) => [each.name, each.type, stateText(each), each.workerId]),
      ));
      for (const [name, { problem, hint }] of failures) print(`\n${name}: ${problem}\n  ${hint}`);
    }
    return statuses.every(isRunning) ? 0 : NOT_ALL_RUN;
  },
});

/** `RUNNING, 1 task`; `RUNNING, 1 of 2 tasks FAILED`. */
export function stateText(status: ConnectorStatus): string {
  const { state, tasks } = status;
  const count = `${tasks.length} ${tasks.length === 1 ? "task" : "tasks"}`;
  const other = tasks.find((task) => task.state !== state);
  if (other === undefined) return `${state}, ${count}`;
  const alike = tasks.filter((task) => task.state === other.state).length;
  return `${state}, ${alike} of ${count} ${other.state}`;
}
