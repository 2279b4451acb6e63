import type { Batch, DeadLetter, MicroBatch, OutputMode } from "../../lib/core/mod.ts";
import { letterText } from "./letter_text.ts";
import { rowText } from "./row_text.ts";

/** What a batch brings to a sink, as texts. */
export interface BatchTexts {
  readonly batchId: number;
  readonly rows: readonly string[];
  readonly deletes: readonly string[];
  readonly letters: readonly string[];
}

/** The texts of a batch, taken at once: what becomes of its memory later is the engine's affair. */
export function batchTexts({ batchId, batch, deletes, deadLetters }: MicroBatch): BatchTexts {
  return {
    batchId,
    rows: textsOf(batch),
    deletes: deletes === undefined ? [] : textsOf(deletes),
    letters: deadLetters.map(textOfLetter),
  };
}

/** The rows and the dead letters of a sink. It looks closely at what it is given. */
export class SinkTable {
  readonly #outputMode: OutputMode;
  readonly #violated: (what: string) => void;
  readonly #letters: string[] = [];
  #rows: string[] = [];
  readonly #rowOfKey = new Map<string, string>();

  /** `violated` is told what breaks the contract of sinks. */
  constructor(outputMode: OutputMode, violated: (what: string) => void) {
    this.#outputMode = outputMode;
    this.#violated = violated;
  }

  /** All rows. */
  rows(): string[] {
    return this.#outputMode === "update" ? [...this.#rowOfKey.values()] : this.#rows;
  }

  /** All dead letters. */
  deadLetters(): readonly string[] {
    return this.#letters;
  }

  /** Takes in a batch. */
  write({ batchId, rows, deletes, letters }: BatchTexts, keyColumns: readonly string[]): void {
    this.#letters.push(...letters);
    if (deletes.length > 0 && this.#outputMode !== "update") {
      this.#violated(`batch ${batchId} has deletes in ${this.#outputMode} mode`);
    }
    if (this.#outputMode === "append") return void this.#rows.push(...rows);
    const keys = keyColumns.length === 0
      ? []
      : [...deletes, ...rows].map((text) => keyText(text, keyColumns));
    const twice = keys.find((key, i) => keys.indexOf(key) !== i);
    if (twice !== undefined) this.#violated(`batch ${batchId} has key ${twice} twice`);
    if (this.#outputMode === "complete") return void (this.#rows = [...rows]);
    for (const text of deletes) this.#rowOfKey.delete(keyText(text, keyColumns));
    for (const text of rows) this.#rowOfKey.set(keyText(text, keyColumns), text);
  }
}

function textsOf(batch: Batch): string[] {
  return Array.from(batch.rows(), rowText);
}

function textOfLetter({ topic, partition, offset, value }: DeadLetter): string {
  const text = new TextDecoder().decode(value ?? undefined);
  return letterText({ topic, partition, offset, value: text });
}

function keyText(text: string, keyColumns: readonly string[]): string {
  const row = JSON.parse(text);
  return JSON.stringify(keyColumns.map((name) => row[name]));
}
