import { SluiceError } from "../../core/mod.ts";
import type { ConnectClient, ConnectorStatus } from "../../connect/mod.ts";
import { readConnectorFile } from "./connector_file.ts";

/** True for an operand that is a file's path, not a connector's name. */
export function isFile(operand: string): boolean {
  return operand.endsWith(".json") || operand.includes("/");
}

/** The names of connectors that operands mean: names, or files that hold them. */
export async function namesOf(operands: readonly string[]): Promise<string[]> {
  return await Promise.all(
    operands.map(async (operand) =>
      isFile(operand) ? (await readConnectorFile(operand)).name : operand
    ),
  );
}

/**
 * How a connector is that must be there.
 *
 * @throws {SluiceError} `CONNECTOR_MISSING`.
 */
export async function requireStatus(
  connect: ConnectClient,
  name: string,
): Promise<ConnectorStatus> {
  const status = await connect.status(name);
  if (status !== undefined) return status;
  throw new SluiceError("CONNECTOR_MISSING", {
    attempted: `ask how connector "${name}" is`,
    where: connect.where,
    found: `no connector "${name}"`,
    hint: "`deno task connectors status` lists those there are",
  });
}
