import { basename, join } from "node:path";
import { SluiceError } from "../../core/mod.ts";
import { notebooksFolder } from "./notebook_home.ts";

/** Text as a notebook stores it: whole, or a list of its lines. */
type Text = string | readonly string[];

/** What a cell gave. */
export interface CellOutput {
  readonly output_type: "stream" | "display_data" | "execute_result" | "error";
  /** `stdout` or `stderr`. */
  readonly name?: string;
  /** What was printed. */
  readonly text?: Text;
  /** What is shown, by MIME type. */
  readonly data?: Readonly<Record<string, Text>>;
  readonly metadata?: object;
  readonly execution_count?: number | null;
}

/** A cell. */
export interface NotebookCell {
  readonly id: string;
  readonly cell_type: "code" | "markdown";
  readonly metadata: { readonly tags?: readonly string[] };
  readonly source: Text;
  readonly execution_count?: number | null;
  readonly outputs?: readonly CellOutput[];
}

/** A file `.ipynb`. */
export interface Notebook {
  readonly cells: readonly NotebookCell[];
  readonly metadata: object;
  readonly nbformat: number;
  readonly nbformat_minor: number;
}

/** The lessons' files in order; of the numbers given, or all. */
export async function lessonFiles(numbers: readonly string[] = []): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(notebooksFolder)) {
    if (/^\d\d_\w+\.ipynb$/.test(name)) names.push(name);
  }
  names.sort();
  for (const number of numbers) {
    if (names.some((name) => name.startsWith(`${number}_`))) continue;
    throw new SluiceError("BAD_FLAG", {
      attempted: "find the notebooks",
      found: `"${number}"`,
      wanted: `numbers among ${names.map((name) => name.slice(0, 2)).join(", ")}`,
    });
  }
  return names.filter((name) => numbers.length === 0 || numbers.includes(name.slice(0, 2)))
    .map((name) => join(notebooksFolder, name));
}

/** Reads a notebook. */
export async function readNotebook(path: string): Promise<Notebook> {
  return JSON.parse(await Deno.readTextFile(path));
}

/** Writes a notebook, its cells formatted; the same cells and outputs give the same file. */
export async function writeNotebook(path: string, notebook: Notebook): Promise<void> {
  let count = 0;
  const cells = notebook.cells.map((cell) => {
    if (cell.cell_type !== "code") return cell;
    const execution_count = ++count;
    const outputs = (cell.outputs ?? []).map((output) =>
      output.output_type === "execute_result" ? { ...output, execution_count } : output
    );
    return { ...cell, execution_count, outputs };
  });
  const text = JSON.stringify({ ...notebook, cells, metadata: METADATA }, null, 1);
  await Deno.writeTextFile(path, await formattedNotebook(`${text}\n`));
}

/**
 * The text of a notebook with its cells formatted. `deno fmt --check` calls every notebook
 * unformatted (Deno 2.9), which is why deno.json leaves them out and they are formatted here.
 */
export async function formattedNotebook(text: string): Promise<string> {
  const fmt = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "ipynb", "-"],
    cwd: notebooksFolder,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = fmt.output();
  await new Blob([text]).stream().pipeTo(fmt.stdin);
  const { success, stdout, stderr } = await output;
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new SluiceError("NOTEBOOK_NOT_FORMATTED", {
    attempted: "format a notebook",
    found: decoder.decode(stderr).trim(),
  });
}

/** No versions, which differ from machine to machine. */
const METADATA = {
  kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
  language_info: { file_extension: ".ts", mimetype: "text/x.typescript", name: "typescript" },
};

/** The file's name without its ending. */
export function lessonName(path: string): string {
  return basename(path, ".ipynb");
}

/** Text in one piece. */
export function textOf(text: Text): string {
  return typeof text === "string" ? text : text.join("");
}
