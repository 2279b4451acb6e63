import {
  type CellOutput,
  type Notebook,
  type NotebookCell,
  textOf,
} from "../../lib/cli/notebook/notebook_file.ts";

/** Cells of this tag show what no other run shows: times, ids, speed. */
const VARIES = "varies";

/**
 * How the outputs of a run differ from those stored, an entry for each cell that does, counted from
 * 1. Of a cell tagged `varies` only the kinds of its outputs are compared.
 */
export function outputDifferences(stored: Notebook, run: Notebook): string[] {
  return stored.cells.flatMap((cell, index) => {
    const show = cell.metadata.tags?.includes(VARIES) ? kindsOf : contentsOf;
    const wanted = show(cell);
    const found = show(run.cells[index] ?? cell);
    return wanted === found ? [] : [`cell ${index + 1}: found ${found}, stored is ${wanted}`];
  });
}

/** The SVG pictures among the outputs. */
export function picturesOf(notebook: Notebook): string[] {
  return notebook.cells.flatMap(({ outputs = [] }) =>
    outputs.flatMap(({ data }) => {
      const svg = data?.["image/svg+xml"];
      return svg === undefined ? [] : [textOf(svg)];
    })
  );
}

function kindsOf({ outputs = [] }: NotebookCell): string {
  return outputs.map(({ output_type, name = "", data = {} }) =>
    [output_type, name, ...Object.keys(data).sort()].join(" ").trim()
  ).join(", ");
}

function contentsOf({ outputs = [] }: NotebookCell): string {
  return JSON.stringify(outputs.map(contentOf));
}

function contentOf({ output_type, name, text = "", data = {} }: CellOutput): unknown {
  return {
    output_type,
    name,
    text: textOf(text),
    data: Object.entries(data).map(typeAndText).sort(),
  };
}

function typeAndText([type, text]: [string, string | readonly string[]]): string {
  return `${type}: ${textOf(text)}`;
}
