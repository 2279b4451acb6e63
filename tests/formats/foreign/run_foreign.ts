import { pythonCommand, type PythonHome } from "../../support/python.ts";

const formatsHome: PythonHome = {
  folder: "venv-formats",
  packages: ["confluent-kafka[avro,json,schemaregistry]==2.16.0", "fastavro==1.13.1"],
};

/** Runs a command of `foreign_formats.py` and returns what it printed, read as JSON. */
export async function runForeign(...args: string[]): Promise<unknown> {
  const { command, args: all } = await pythonCommand(
    formatsHome,
    "formats/foreign/foreign_formats.py",
    args,
  );
  const { success, stdout, stderr } = await new Deno.Command(command, { args: all }).output();
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  throw new Error(`foreign_formats.py ${args[0]} failed:\n${new TextDecoder().decode(stderr)}`);
}
