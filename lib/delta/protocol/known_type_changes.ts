import { SluiceError } from "../../core/mod.ts";
import { allFields, type FieldJson } from "./schema_json.ts";
import { canWiden, TYPE_CHANGES } from "./type_widening.ts";

/**
 * Refuses a table that has old files with values of a type that cannot be read as the new one. See
 * Delta's "type widening".
 *
 * @throws {SluiceError} `UNSUPPORTED_FEATURE` naming the column and the types; `CORRUPT_LOG` if the
 * changes make no sense.
 */
export function refuseUnknownTypeChanges(fields: readonly FieldJson[], where: string): void {
  for (const { path, field } of allFields(fields)) {
    const changes: unknown = field.metadata[TYPE_CHANGES] ?? [];
    if (!Array.isArray(changes)) throw strange("CORRUPT_LOG", where, path, changes);
    for (const change of changes) {
      const { fromType, toType } = (change ?? {}) as Record<string, unknown>;
      if (typeof fromType !== "string" || typeof toType !== "string") {
        throw strange("CORRUPT_LOG", where, path, change);
      }
      if (!canWiden(fromType, toType)) throw strange("UNSUPPORTED_FEATURE", where, path, change);
    }
  }
}

function strange(code: string, where: string, path: string, change: unknown): SluiceError {
  return new SluiceError(code, {
    attempted: "read a Delta table whose types were widened",
    where: `${where}, column "${path}"`,
    found: `type change ${JSON.stringify(change)}`,
    wanted: "a change that loses no value, as from integer to long",
  });
}
