import type { FieldJson, TypeJson } from "./schema_json.ts";

const PHYSICAL_NAME = "delta.columnMapping.physicalName";
const ID = "delta.columnMapping.id";

/** The property with the highest id that was ever given; it only grows. */
export const MAX_COLUMN_ID = "delta.columnMapping.maxColumnId";

/** Columns that all have an id and a physical name. */
export interface MappedFields {
  readonly fields: readonly FieldJson[];
  readonly maxColumnId: number;
}

/**
 * Gives every field that lacks them, at all levels, an id above all others and a physical name. See
 * Delta's "column mapping".
 *
 * @param maxColumnId The highest id given so far, as the table's property says; 0 if it has none.
 * @param physicalNameOf The name in data files. Those of a table that has files stay as they are;
 * a new column's is one that no column ever had.
 */
export function assignColumnIds(
  fields: readonly FieldJson[],
  maxColumnId: number,
  physicalNameOf: (field: FieldJson) => string,
): MappedFields {
  let lastId = Math.max(maxColumnId, ...idsOf(fields));
  const mapped = (fields: readonly FieldJson[]): FieldJson[] =>
    fields.map((field) => {
      const { metadata } = field;
      const id = metadata[ID] ?? ++lastId;
      const physicalName = metadata[PHYSICAL_NAME] ?? physicalNameOf(field);
      return {
        ...field,
        type: mappedType(field.type),
        metadata: { ...metadata, [ID]: id, [PHYSICAL_NAME]: physicalName },
      };
    });
  const mappedType = (type: TypeJson): TypeJson => {
    if (typeof type === "string") return type;
    switch (type.type) {
      case "struct":
        return { type: "struct", fields: mapped(type.fields) };
      case "array":
        return { ...type, elementType: mappedType(type.elementType) };
      case "map":
        return {
          ...type,
          keyType: mappedType(type.keyType),
          valueType: mappedType(type.valueType),
        };
    }
  };
  const result = mapped(fields);
  return { fields: result, maxColumnId: lastId };
}

/** A physical name that no column has or had. */
export function freshPhysicalName(): string {
  return `col-${crypto.randomUUID()}`;
}

function* idsOf(fields: readonly FieldJson[]): Generator<number> {
  for (const { type, metadata } of fields) {
    const id = metadata[ID];
    if (typeof id === "number") yield id;
    yield* idsWithin(type);
  }
}

function* idsWithin(type: TypeJson): Generator<number> {
  if (typeof type === "string") return;
  switch (type.type) {
    case "struct":
      return yield* idsOf(type.fields);
    case "array":
      return yield* idsWithin(type.elementType);
    case "map":
      yield* idsWithin(type.keyType);
      yield* idsWithin(type.valueType);
  }
}
