import { deepEqual, equal, match, ok } from "assert";
import { basename } from "node:path";
import connect from "postgres";
import {
  formattedNotebook,
  lessonFiles,
  lessonName,
  type Notebook,
  type NotebookCell,
  readNotebook,
  textOf,
} from "../../lib/cli/notebook/notebook_file.ts";
import { runNotebook } from "../../lib/cli/notebook/notebook_runner.ts";
import { withForeignAdmin } from "../kafka/foreign_client.ts";
import { checkout } from "../support/paths.ts";
import { testConnect, testRegistry, testStack } from "../support/stack.ts";
import { outputDifferences, picturesOf } from "./output_differences.ts";
import { drawPictures } from "./picture.ts";

const lessons = await lessonFiles();

Deno.test("the code of the lessons has the types that it says", async () => {
  // Beside the notebooks, so that imports are found from there.
  const pathOf = (file: string) => file.replace(/ipynb$/, `${Deno.pid}.ts`);
  try {
    for (const file of lessons) {
      const code = codeOf(await readNotebook(file)).map(({ source }) => textOf(source));
      await Deno.writeTextFile(pathOf(file), [...code, "export {};"].join("\n"));
    }
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "check",
        "--quiet",
        "--config=tests/notebooks/lessons.jsonc",
        "--import-map=deno.json",
        ...lessons.map(pathOf),
      ],
      cwd: checkout,
      env: { NO_COLOR: "1" },
    }).output();
    ok(success, new TextDecoder().decode(stderr));
  } finally {
    for (const file of lessons) await Deno.remove(pathOf(file));
  }
});

for (const file of lessons) {
  const name = lessonName(file);
  const number = name.slice(0, 2);

  Deno.test(`lesson ${name} has the form of a lesson`, async () => {
    const text = await Deno.readTextFile(file);
    const notebook = await readNotebook(file);
    const code = codeOf(notebook);
    const prose = notebook.cells.filter(({ cell_type }) => cell_type === "markdown")
      .map(({ source }) => textOf(source)).join("\n\n");
    equal(await formattedNotebook(text), text, "the cells are not formatted");
    match(prose, new RegExp(`^# ${number} `));
    match(textOf(code[0]?.source ?? ""), new RegExp(`startLesson\\("${number}"\\)`));
    match(textOf(code.at(-1)?.source ?? ""), /await lesson\.end\(\);$/);
    match(prose, /^## Exercises$/m);
    const exercises = prose.match(/^\*\*\d+\.\*\*/gm) ?? [];
    const answers = prose.match(/^<details><summary>Answer<\/summary>\n\n[^]*?\n\n<\/details>/gm);
    ok(exercises.length >= 2, "fewer than two exercises");
    equal(answers?.length, exercises.length, "an exercise without an answer");
    deepEqual(
      notebook.cells.filter((cell) => cell.cell_type === "code").map((cell) =>
        cell.execution_count
      ),
      code.map((_, index) => index + 1),
    );
    for (const place of [checkout, "/home/", "/root/", "/Users/", "/tmp/"]) {
      ok(!text.includes(place), `it names ${place}, a place of one machine`);
    }
  });

  Deno.test(`lesson ${name} runs twice, and again after SIGKILL, as stored, and leaves nothing`, async () => {
    const stored = await readNotebook(file);
    const { kafkaBrokers, databaseUrl } = await testStack();
    const registryUrl = startsRegistry(stored) ? await testRegistry() : undefined;
    const connectUrl = startsConnect(stored) ? await testConnect() : undefined;
    const env = {
      KAFKA_BROKERS: kafkaBrokers.join(","),
      DATABASE_URL: databaseUrl,
      ...(registryUrl === undefined ? {} : { SCHEMA_REGISTRY_URL: registryUrl }),
      ...(connectUrl === undefined ? {} : { CONNECT_URL: connectUrl }),
    };
    const middle = Math.floor(stored.cells.length / 2);
    for (const [round, isKilled] of [false, false, true, false].entries()) {
      const { notebook, failure } = await runNotebook(file, {
        env,
        onCell(cell, kernelPid) {
          if (isKilled && cell >= middle) Deno.kill(kernelPid, "SIGKILL");
        },
      });
      if (isKilled) {
        ok(failure !== undefined, "the kernel was not killed");
        continue;
      }
      equal(failure, undefined);
      deepEqual(outputDifferences(stored, notebook), []);
      if (round === 0) await noPictureIsEmpty(notebook);
    }
    await nothingIsLeft(number, kafkaBrokers, databaseUrl);
    if (registryUrl !== undefined) await noSubjectIsLeft(number, registryUrl);
    if (connectUrl !== undefined) await noConnectorIsLeft(number, connectUrl, databaseUrl);
  });
}

function codeOf({ cells }: Notebook): NotebookCell[] {
  return cells.filter(({ cell_type }) => cell_type === "code");
}

function startsRegistry(notebook: Notebook): boolean {
  return codeOf(notebook).some(({ source }) => textOf(source).includes(".startRegistry()"));
}

function startsConnect(notebook: Notebook): boolean {
  return codeOf(notebook).some(({ source }) => textOf(source).includes('services: ["connect"]'));
}

async function noPictureIsEmpty(notebook: Notebook): Promise<void> {
  const svgs = picturesOf(notebook);
  const pictures = await drawPictures(svgs);
  equal(pictures.length, svgs.length);
  for (const [index, { width, height, inked, colors }] of pictures.entries()) {
    const seen = `picture ${index + 1}: ${width} x ${height}, ${inked} inked, ${colors} colours`;
    ok(width >= 100 && height >= 50, seen);
    ok(inked > 0.01 && colors >= 3, seen);
  }
}

/** Asks the services themselves. */
async function nothingIsLeft(
  number: string,
  brokers: readonly string[],
  databaseUrl: string,
): Promise<void> {
  await withForeignAdmin({ brokers }, async (admin) => {
    const topics = await admin.listTopics();
    deepEqual(topics.filter((topic) => topic.startsWith(`lesson-${number}-`)), []);
  });
  const sql = connect(databaseUrl, { max: 1 });
  try {
    deepEqual([...await sql`select 1 from pg_namespace where nspname = ${`lesson_${number}`}`], []);
  } finally {
    await sql.end();
  }
  const folders = await Array.fromAsync(
    Deno.readDir(`${checkout}/data/lessons`),
    ({ name }) => name,
  );
  ok(!folders.includes(basename(number)), "the folder of the lesson is still there");
}

async function noSubjectIsLeft(number: string, registryUrl: string): Promise<void> {
  const response = await fetch(`${registryUrl}/subjects?deleted=true`);
  const subjects: string[] = await response.json();
  deepEqual(subjects.filter((subject) => subject.startsWith(`lesson-${number}-`)), []);
}

/** Neither a connector nor what one leaves in Postgres. */
async function noConnectorIsLeft(
  number: string,
  connectUrl: string,
  databaseUrl: string,
): Promise<void> {
  const response = await fetch(`${connectUrl}/connectors`);
  const connectors: string[] = await response.json();
  deepEqual(connectors.filter((connector) => connector.startsWith(`lesson-${number}`)), []);
  const sql = connect(databaseUrl, { max: 1 });
  try {
    const name = `lesson_${number}`;
    const left =
      await sql`select slot_name as name from pg_replication_slots where slot_name = ${name}
      union all select pubname from pg_publication where pubname = ${name}`;
    deepEqual([...left], []);
  } finally {
    await sql.end();
  }
}
