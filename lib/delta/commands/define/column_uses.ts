import { SluiceError } from "../../../core/mod.ts";
import { bindExpression } from "../../../sql/mod.ts";
import type { Snapshot } from "../../log/snapshot.ts";
import { formatColumnPath, isSameName, parseColumnPath } from "../../protocol/column_path.ts";
import { allFields, type FieldJson, parseFields, schemaOf } from "../../protocol/schema_json.ts";
import { constraintsOf } from "../../protocol/table_properties.ts";
import { clusteringOf } from "../clustering.ts";

/** What else in a table speaks of a column. */
interface ColumnUse {
  /** For people: `constraint "positive"`. */
  readonly by: string;
  readonly path: readonly string[];
}

/**
 * Refuses to change a column that an expression of the table speaks of: a constraint, an invariant
 * or another column that is generated from it.
 *
 * @throws {SluiceError} `COLUMN_IN_USE` naming what speaks of it.
 */
export function refuseColumnInExpressions(
  snapshot: Snapshot,
  path: readonly string[],
  attempted: string,
): void {
  refuseUse(expressionUses(snapshot), path, attempted);
}

/**
 * Refuses to drop a column that the table is partitioned or clustered by, or an expression speaks of.
 *
 * @throws {SluiceError} `COLUMN_IN_USE` naming what needs it.
 */
export function refuseNeededColumn(
  snapshot: Snapshot,
  path: readonly string[],
  attempted: string,
): void {
  const uses = [
    ...snapshot.metadata.partitionColumns.map((name) => ({ by: "the partitions", path: [name] })),
    ...clusteringUses(snapshot),
    ...expressionUses(snapshot),
  ];
  refuseUse(uses, path, attempted);
}

function expressionUses({ metadata, location }: Snapshot): ColumnUse[] {
  const fields = parseFields(metadata.schemaString, location);
  const schema = schemaOf(fields, location);
  const uses = (by: string, expression: string): ColumnUse[] =>
    bindExpression(expression, schema).columns.map(({ path }) => ({ by, path }));
  const constraints = constraintsOf(metadata.configuration)
    .flatMap(([name, expression]) => uses(`constraint "${name}"`, expression));
  const generated = [...allFields(fields)].flatMap(({ path, field }) => {
    const expression = field.metadata["delta.generationExpression"];
    return typeof expression === "string" ? uses(`generated column "${path}"`, expression) : [];
  });
  const invariants = [...allFields(fields)].flatMap(({ path, field }) => {
    const expression = invariantOf(field);
    return expression === undefined ? [] : uses(`the invariant of column "${path}"`, expression);
  });
  return [...constraints, ...generated, ...invariants];
}

function invariantOf({ metadata }: FieldJson): string | undefined {
  const text = metadata["delta.invariants"];
  if (typeof text !== "string") return undefined;
  const expression = JSON.parse(text)?.expression?.expression;
  return typeof expression === "string" ? expression : undefined;
}

/** Clustering columns are noted by their physical names. */
function clusteringUses(snapshot: Snapshot): ColumnUse[] {
  const domain = clusteringOf(snapshot);
  if (domain === undefined) return [];
  const columns: unknown = JSON.parse(domain.configuration)?.clusteringColumns;
  if (!Array.isArray(columns)) return [];
  const { metadata, location } = snapshot;
  const paths = new Map(
    logicalPaths(parseFields(metadata.schemaString, location)).map(({ physical, logical }) => [
      physical.join("\n"),
      logical,
    ]),
  );
  return columns.flatMap((column: unknown) => {
    const physical = Array.isArray(column) ? column : parseColumnPath(String(column));
    const path = paths.get(physical.join("\n"));
    return path === undefined ? [] : [{ by: "the clustering", path }];
  });
}

function logicalPaths(
  fields: readonly FieldJson[],
  parents: { physical: readonly string[]; logical: readonly string[] } = {
    physical: [],
    logical: [],
  },
): { physical: readonly string[]; logical: readonly string[] }[] {
  return fields.flatMap(({ name, type, metadata }) => {
    const physicalName = metadata["delta.columnMapping.physicalName"];
    const path = {
      physical: [...parents.physical, typeof physicalName === "string" ? physicalName : name],
      logical: [...parents.logical, name],
    };
    const nested = typeof type === "object" && type.type === "struct"
      ? logicalPaths(type.fields, path)
      : [];
    return [path, ...nested];
  });
}

function refuseUse(uses: readonly ColumnUse[], path: readonly string[], attempted: string): void {
  const use = uses.find((use) => overlaps(use.path, path));
  if (use === undefined) return;
  throw new SluiceError("COLUMN_IN_USE", {
    attempted,
    where: `column "${formatColumnPath(use.path)}"`,
    found: `${use.by}, which needs it`,
    hint: use.by.startsWith("constraint")
      ? "drop the constraint first, and add it anew afterwards"
      : "write to a new table that has the columns you want",
  });
}

/** True if one of two columns is the other, or within it. */
function overlaps(a: readonly string[], b: readonly string[]): boolean {
  const length = Math.min(a.length, b.length);
  return a.slice(0, length).every((name, i) => isSameName(name, b[i] ?? ""));
}
