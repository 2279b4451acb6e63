import {
  type Batch,
  type Column,
  ListColumn,
  MapColumn,
  StructColumn,
  type StructField,
} from "../../core/mod.ts";

/** A row without a value where there has to be one. */
export interface MissingValue {
  /** Its index in the batch. */
  readonly row: number;
  /** `address.street`, `items.element`. */
  readonly column: string;
}

/** A column at any level, and what its schema says of it. */
interface Place {
  readonly path: string;
  readonly nullable: boolean;
  readonly column: Column;
}

/** Items of a column: which have parents that are there, and the rows they belong to. */
interface Items {
  readonly present: Uint8Array;
  readonly rowOf: Int32Array;
}

/**
 * The rows that lack a value which their column has to have; what is in a struct has to be there
 * only where the struct is.
 */
export function missingValues(batch: Batch): MissingValue[] {
  const places = batch.schema.fields.map((field, i) => placeOf(field, batch.columns[i]!, ""))
    .filter(mayLackValues);
  if (places.length === 0) return [];
  const present = new Uint8Array(batch.numRows).fill(1);
  const rowOf = Int32Array.from(present, (_, row) => row);
  return places.flatMap((place) => [...missingIn(place, { present, rowOf })]);
}

function placeOf(field: StructField, column: Column, parent: string): Place {
  return { path: parent + field.name, nullable: field.nullable, column };
}

/** What is directly in a column: fields, elements, keys and values. */
function placesWithin({ path, column }: Place): Place[] {
  if (column instanceof StructColumn) {
    const { fields } = column.type;
    return column.children.map((child, i) => placeOf(fields[i]!, child, `${path}.`));
  }
  if (column instanceof ListColumn) {
    const { containsNull: nullable } = column.type;
    return [{ path: `${path}.element`, nullable, column: column.elements }];
  }
  if (column instanceof MapColumn) {
    const { valueContainsNull: nullable } = column.type;
    return [
      { path: `${path}.key`, nullable: false, column: column.keys },
      { path: `${path}.value`, nullable, column: column.values },
    ];
  }
  return [];
}

/** True if there is a null where there should not be one, parents left aside. */
function mayLackValues(place: Place): boolean {
  return (!place.nullable && place.column.nullCount > 0) ||
    placesWithin(place).some(mayLackValues);
}

function* missingIn(place: Place, items: Items): Generator<MissingValue> {
  const { column } = place;
  const { present, rowOf } = items;
  if (!place.nullable && column.nullCount > 0) {
    for (let i = 0; i < column.length; i++) {
      if (present[i] === 1 && column.isNull(i)) yield { row: rowOf[i]!, column: place.path };
    }
  }
  const suspects = placesWithin(place).filter(mayLackValues);
  if (suspects.length === 0) return;
  const here = present.map((isThere, i) => isThere === 1 && !column.isNull(i) ? 1 : 0);
  for (const suspect of suspects) {
    yield* missingIn(
      suspect,
      column instanceof ListColumn || column instanceof MapColumn
        ? itemsOf(column.offsets, suspect.column.length, { present: here, rowOf })
        : { present: here, rowOf },
    );
  }
}

/** Elements of lists, or pairs of maps, as the items that they are. */
function itemsOf(offsets: Int32Array, numItems: number, lists: Items): Items {
  const present = new Uint8Array(numItems);
  const rowOf = new Int32Array(numItems);
  for (let i = 0; i < lists.present.length; i++) {
    present.fill(lists.present[i]!, offsets[i]!, offsets[i + 1]!);
    rowOf.fill(lists.rowOf[i]!, offsets[i]!, offsets[i + 1]!);
  }
  return { present, rowOf };
}
