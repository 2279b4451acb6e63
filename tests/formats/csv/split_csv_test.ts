import { deepEqual, equal, ok } from "assert";
import {
  csvDialect,
  type CsvDialectOptions,
  type CsvSplitter,
  dialectBytes,
  splitCsv,
} from "../../../lib/formats/csv/mod.ts";
import { RecordFields } from "../../../lib/formats/csv/record_fields.ts";
import { MAX_QUOTED_RECORD_BYTES } from "../../../lib/formats/csv/split_csv.ts";
import { Random } from "../../support/random.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const PIECES = ["a", "bc", ",", ",", '"', '"', '""', "\n", "\r\n", "é", " "];

Deno.test("splitCsv() finds the records and fields that Python's csv finds", async () => {
  const random = new Random(31);
  const texts = Array.from({ length: 4_000 }, () => randomText(random));
  const answers = await pythonRecords(texts);
  let compared = 0;
  let refused = 0;
  for (const [i, expected] of answers.entries()) {
    // What Python takes for one endless field ends with its line here; see below.
    if (expected === null) continue;
    const found = recordsIn(texts[i]!);
    const context = JSON.stringify(texts[i]);
    // Text behind a closing quote is refused here; Python puts it behind the field.
    refused += found.filter((fields) => typeof fields === "string").length;
    const comparable = found.map((fields, at) =>
      typeof fields === "string" ? expected[at] : fields
    );
    deepEqual([context, comparable], [context, expected]);
    compared++;
  }
  ok(compared > 2_000 && refused > 100, `${compared} texts compared, ${refused} records refused`);
});

Deno.test("splitCsv() finds the same records however the bytes come in", () => {
  const random = new Random(32);
  const dialects: CsvDialectOptions[] = [{}, { escape: "\\" }, { quote: "'", sep: "a" }, {
    quote: "",
  }];
  for (let round = 0; round < 3_000; round++) {
    const split = splitterOf(random.pick(dialects));
    const text = randomText(random) + random.pick(["", "\\", '\\"', '"x\\"']);
    const bytes = encoder.encode(text);
    deepEqual(
      [text, inPieces(split, bytes, random)],
      [text, textsIn(split(bytes, 0, true, 1_000, Infinity), bytes)],
    );
  }
});

Deno.test("splitCsv() ends a record with its line where a quote is never closed", () => {
  const text = 'a,1\nb,"open\nc,3\nd,"4"\n';
  // The quote that opens is closed by one two lines further on: that is one record.
  deepEqual(recordTexts(text), ["a,1", 'b,"open\nc,3\nd,"4"']);
  deepEqual(recordTexts('a,1\nb,"open\nc,3\n'), ["a,1", 'b,"open', "c,3"]);
  deepEqual(recordsIn('b,"open\nc,3\n'), [
    "field 2: the quote that opens it is never closed",
    ["c", "3"],
  ]);
});

Deno.test("splitCsv() gives a quoted record no more than its bound, wherever chunks end", () => {
  const split = splitterOf({});
  const head = 'id,"\n';
  // Where the closing quote stands, and how many records there are: it and the one behind it; or,
  // where it is too far away, its two lines and the one behind them.
  const cases = [[MAX_QUOTED_RECORD_BYTES - 2, 2], [MAX_QUOTED_RECORD_BYTES - 1, 3]] as const;
  for (const [closingQuote, records] of cases) {
    const bytes = encoder.encode(`${head}${"x".repeat(closingQuote - head.length)}"\nnext,1\n`);
    for (const known of [bytes.length, MAX_QUOTED_RECORD_BYTES, MAX_QUOTED_RECORD_BYTES + 1]) {
      const first = split(bytes.subarray(0, known), 0, known === bytes.length, 10, Infinity);
      const rest = split(bytes, first.next, true, 10, Infinity);
      equal(first.count + rest.count, records);
    }
  }
});

Deno.test("splitCsv() stops at maxRecords and maxBytes, and passes over empty lines", () => {
  const split = splitterOf({});
  const bytes = encoder.encode('a\n\n"b\nb"\r\n\r\nc\n');
  const two = split(bytes, 0, true, 2, Infinity);
  deepEqual(textsIn(two, bytes), ["a", '"b\nb"']);
  deepEqual(textsIn(split(bytes, two.next, true, 2, Infinity), bytes), ["c"]);
  deepEqual(textsIn(split(bytes, 0, true, 10, 3), bytes), ["a"]);
  deepEqual(textsIn(split(bytes, 0, true, 10, 4), bytes), ["a", '"b\nb"']);
  const none = split(encoder.encode("\n\r\n\n"), 0, true, 10, Infinity);
  deepEqual([none.count, none.next], [0, 4]);
});

/** What is in a text: fields, or why there are none. */
function recordsIn(text: string): (string[] | string)[] {
  const bytes = encoder.encode(text);
  const { count, starts, ends } = splitterOf({})(bytes, 0, true, 1_000, Infinity);
  const fields = new RecordFields(dialectBytes(csvDialect("test", {})));
  return Array.from({ length: count }, (_, i) => {
    const problem = fields.read(bytes, starts[i]!, ends[i]!);
    if (problem !== undefined) return problem;
    return Array.from({ length: fields.count }, (_, field) =>
      decoder.decode(
        fields.isEscaped(bytes, field)
          ? fields.unescaped(bytes, field)
          : bytes.subarray(fields.starts[field], fields.ends[field]),
      ));
  });
}

function recordTexts(text: string): string[] {
  const bytes = encoder.encode(text);
  return textsIn(splitterOf({})(bytes, 0, true, 1_000, Infinity), bytes);
}

function textsIn({ count, starts, ends }: ReturnType<CsvSplitter>, bytes: Uint8Array): string[] {
  return Array.from(
    { length: count },
    (_, i) => decoder.decode(bytes.subarray(starts[i], ends[i])),
  );
}

/** Splits as a reader does that knows a few more bytes each time. */
function inPieces(split: CsvSplitter, bytes: Uint8Array, random: Random): string[] {
  const found: string[] = [];
  let next = 0;
  for (let known = 0; known < bytes.length;) {
    known = Math.min(bytes.length, known + random.integer(1, 5));
    for (;;) {
      const isEnd = known === bytes.length && random.next() < 0.5;
      const some = split(bytes.subarray(0, known), next, isEnd, random.integer(1, 3), Infinity);
      next = some.next;
      found.push(...textsIn(some, bytes));
      if (some.count === 0) break;
    }
  }
  for (;;) {
    const some = split(bytes, next, true, 2, Infinity);
    if (some.count === 0) return found;
    next = some.next;
    found.push(...textsIn(some, bytes));
  }
}

function splitterOf(options: CsvDialectOptions): CsvSplitter {
  return splitCsv(dialectBytes(csvDialect("test", options)));
}

function randomText(random: Random): string {
  return Array.from({ length: random.integer(0, 20) }, () => random.pick(PIECES)).join("");
}

async function pythonRecords(texts: readonly string[]): Promise<(string[][] | null)[]> {
  const script = new URL("read_csv.py", import.meta.url).pathname;
  const process = new Deno.Command("python3", {
    args: ["-B", script],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(encoder.encode(JSON.stringify(texts)));
  await writer.close();
  const { success, stdout } = await process.output();
  ok(success, "read_csv.py failed");
  return JSON.parse(decoder.decode(stdout));
}
