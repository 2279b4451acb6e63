import { deepEqual, equal, match, ok } from "assert";
import {
  type Notebook,
  readNotebook,
  textOf,
  writeNotebook,
} from "../../lib/cli/notebook/notebook_file.ts";
import { runNotebook } from "../../lib/cli/notebook/notebook_runner.ts";
import { checkout } from "../support/paths.ts";
import { type TempFolder, tempFolder } from "../support/temp_folder.ts";
import { outputDifferences } from "./output_differences.ts";

/** Writes a notebook of code cells and returns its path. */
async function notebookOf(
  folder: TempFolder,
  sources: readonly string[],
  tags: readonly string[] = [],
): Promise<string> {
  const cells = sources.map((source, index) => ({
    cell_type: "code",
    execution_count: null,
    id: `cell-${index}`,
    metadata: { tags },
    outputs: [],
    source,
  }));
  const metadata = { kernelspec: { display_name: "Deno", language: "typescript", name: "deno" } };
  await folder.write(
    "n.ipynb",
    JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }),
  );
  return `${folder.path}/n.ipynb`;
}

/** What a cell printed and gave, in order. */
function outputsOf({ cells }: Notebook): string[][] {
  return cells.map(({ outputs = [] }) =>
    outputs.map(({ output_type, name, text = "", data = {} }) =>
      `${name ?? output_type} ${textOf(text)}${textOf(data["text/plain"] ?? "")}`
    )
  );
}

Deno.test("runNotebook() gives each cell all that it printed, and nothing of another", async () => {
  await using folder = await tempFolder();
  const numbers = Array.from({ length: 40 }, (_, i) => i);
  const path = await notebookOf(
    folder,
    numbers.map((i) => `console.log("out ${i}");\nconsole.error("err ${i}");\n"value ${i}"`),
  );
  const { notebook, failure } = await runNotebook(path, { env: {} });
  equal(failure, undefined);
  deepEqual(
    outputsOf(notebook),
    numbers.map((i) => [`stdout out ${i}\n`, `stderr err ${i}\n`, `execute_result "value ${i}"`]),
  );
});

Deno.test("runNotebook() stops at the first cell that fails, and says why", async () => {
  await using folder = await tempFolder();
  const path = await notebookOf(folder, ["1", 'throw new Error("no luck")', "3"]);
  const { notebook, failure } = await runNotebook(path, { env: {} });
  equal(failure?.cell, 1);
  match(failure?.error ?? "", /no luck/);
  deepEqual(outputsOf(notebook)[2], []);
});

Deno.test("runNotebook() lets a cell fail that is there to fail", async () => {
  await using folder = await tempFolder();
  const path = await notebookOf(folder, ['throw new Error("so it be")', "2"], ["raises-exception"]);
  const { notebook, failure } = await runNotebook(path, { env: {} });
  equal(failure, undefined);
  deepEqual(outputsOf(notebook)[1], ["execute_result 2"]);
});

Deno.test("runNotebook() ends with the signal, and the kernel with it", async () => {
  await using folder = await tempFolder();
  const path = await notebookOf(folder, ["1", "await new Promise(() => {})"]);
  const stop = new AbortController();
  let pid = 0;
  const { failure } = await runNotebook(path, {
    env: {},
    signal: stop.signal,
    onCell(cell, kernelPid) {
      pid = kernelPid;
      if (cell === 1) stop.abort();
    },
  });
  ok(failure !== undefined);
  equal(await isRunning(pid), false);
});

Deno.test("writeNotebook() writes the same file for the same outputs", async () => {
  await using folder = await tempFolder();
  const path = await notebookOf(folder, ["const a=1;\na", '"b"']);
  await writeNotebook(path, (await runNotebook(path, { env: {} })).notebook);
  const first = await Deno.readTextFile(path);
  match(first, /"const a = 1;\\n"/);
  const again = (await runNotebook(path, { env: {} })).notebook;
  deepEqual(outputDifferences(await readNotebook(path), again), []);
  await writeNotebook(path, again);
  equal(await Deno.readTextFile(path), first);
});

Deno.test("outputDifferences() compares outputs, and only their kinds where they vary", async () => {
  await using folder = await tempFolder();
  const run = async (source: string, tags: string[]) =>
    (await runNotebook(await notebookOf(folder, [source], tags), { env: {} })).notebook;
  const [one, two, error] = [
    await run("1", []),
    await run("2", []),
    await run("console.log(1)", []),
  ];
  equal(outputDifferences(one, one).length, 0);
  match(outputDifferences(one, two)[0] ?? "", /^cell 1: found .*2.*, stored is .*1/);
  const varies = await run("1", ["varies"]);
  equal(outputDifferences(varies, two).length, 0);
  equal(outputDifferences(varies, error).length, 1);
});

Deno.test("notebook:run refuses a lesson that is not there, and says which are", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "lib/cli/notebook.ts", "run", "77"],
    cwd: checkout,
    env: { NO_COLOR: "1" },
  }).output();
  equal(code, 2);
  match(new TextDecoder().decode(stderr), /found "77", wanted numbers among 00, 01, 02/);
});

async function isRunning(pid: number): Promise<boolean> {
  const { success } = await new Deno.Command("ps", { args: ["-p", String(pid)] }).output();
  return success;
}
