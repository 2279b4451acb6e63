import { print } from "../print.ts";
import { connectorCommand } from "./connector_command.ts";
import { namesOf } from "./connector_names.ts";
import { stateText } from "./connectors_look.ts";

/** A rest for connectors. */
export const pauseCommand = connectorCommand({
  name: "pause",
  summary: "Lets connectors rest; a paused one keeps its place, and so the log of its database.",
  operand: "name or file",
  flags: {},
  run: ({ connect, operands }) =>
    forEach(operands, async (name) => {
      await connect.pause(name);
      print(`paused ${name}`);
    }),
});

/** The end of a rest. */
export const resumeCommand = connectorCommand({
  name: "resume",
  summary: "Lets paused or stopped connectors go on, and waits until they run.",
  operand: "name or file",
  flags: {},
  run: ({ connect, operands, wait }) =>
    forEach(operands, async (name) => {
      await connect.resume(name);
      print(`resumed ${name}: ${stateText(await connect.waitUntilRunning(name, wait))}`);
    }),
});

/** Another try. */
export const restartCommand = connectorCommand({
  name: "restart",
  summary: "Starts connectors and their tasks again, and waits until they run.",
  operand: "name or file",
  flags: {},
  run: ({ connect, operands, wait }) =>
    forEach(operands, async (name) => {
      print(`restarted ${name}: ${stateText(await connect.restart(name, wait))}`);
    }),
});

async function forEach(
  operands: readonly string[],
  work: (name: string) => Promise<void>,
): Promise<void> {
  for (const name of await namesOf(operands)) await work(name);
}
