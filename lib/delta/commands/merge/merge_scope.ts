import { badOption, Batch, Schema } from "../../../core/mod.ts";
import type { ColumnPath } from "../../../sql/mod.ts";
import { isSameName } from "../../protocol/column_path.ts";

/** What the two sides of a merge are called in its expressions, and their columns. */
export class MergeScope {
  /** The table's name. */
  readonly targetName: string;
  /** The source's name. */
  readonly sourceName: string;
  /** The table's columns. */
  readonly targetSchema: Schema;
  /** The source's columns. */
  readonly sourceSchema: Schema;

  /**
   * Names two schemas.
   *
   * @throws {SluiceError} `BAD_OPTION` if both have the same name.
   */
  constructor(targetName: string, targetSchema: Schema, sourceName: string, sourceSchema: Schema) {
    if (isSameName(targetName, sourceName)) {
      const wanted = `another name than "${targetName}", that of the target`;
      throw badOption("merge into a Delta table", "sourceAlias", sourceName, wanted);
    }
    this.targetName = targetName;
    this.sourceName = sourceName;
    this.targetSchema = targetSchema;
    this.sourceSchema = sourceSchema;
  }

  /** What an expression over pairs of rows can name. */
  get ofPairs(): Readonly<Record<string, Schema>> {
    return { ...this.ofTarget, ...this.ofSource };
  }

  /** What an expression over rows of the table alone can name. */
  get ofTarget(): Readonly<Record<string, Schema>> {
    return { [this.targetName]: this.targetSchema };
  }

  /** What an expression over rows of the source alone can name. */
  get ofSource(): Readonly<Record<string, Schema>> {
    return { [this.sourceName]: this.sourceSchema };
  }

  /** Which side the columns are all of: none of them is of the other. */
  sideOf(columns: readonly ColumnPath[]): "target" | "source" | "both" | "neither" {
    const readsTarget = columns.some(({ qualifier }) => qualifier === this.targetName);
    const readsSource = columns.some(({ qualifier }) => qualifier === this.sourceName);
    if (readsTarget) return readsSource ? "both" : "target";
    return readsSource ? "source" : "neither";
  }

  /** The columns of the table among these, by their names at the top. */
  targetColumns(columns: readonly ColumnPath[]): string[] {
    return namesOf(columns, this.targetName);
  }

  /** The batches that an expression with these columns reads, of pairs of a target and a source row. */
  pairs(
    columns: readonly ColumnPath[],
    target: Batch,
    targetRows: Int32Array,
    source: Batch,
    sourceRows: Int32Array,
  ): Record<string, Batch> {
    return {
      [this.targetName]: pick(target, namesOf(columns, this.targetName)).take(targetRows),
      [this.sourceName]: pick(source, namesOf(columns, this.sourceName)).take(sourceRows),
    };
  }
}

function namesOf(columns: readonly ColumnPath[], wanted: string): string[] {
  return columns.filter(({ qualifier }) => qualifier === wanted).map(({ path }) => path[0]!);
}

/** The columns of these names; the first one if there are none, so that there are rows to count. */
function pick(batch: Batch, names: readonly string[]): Batch {
  const fields = batch.schema.fields.filter(({ name }, i) =>
    names.length === 0 ? i === 0 : names.includes(name)
  );
  return new Batch(new Schema(fields), 0, fields.map(({ name }) => batch.column(name)));
}
