import { type Row, schema as s, SluiceError } from "sluice";

/**
 * A change of a user: `{"id":7,"name":"Alice","age":24,"op":"update","event_order":12,"ts":"…"}`. Of two
 * changes of a user the one with the greater `event_order` is newer, whichever comes first.
 */
export const UserEvent = s.struct({
  id: s.long(),
  /** Null in a deletion, as is the age. */
  name: s.string().nullable(),
  age: s.integer().nullable(),
  op: s.string(),
  event_order: s.long(),
  ts: s.timestamp(),
});

/** A row of it. */
export type UserEventRow = Row<typeof UserEvent>;

/**
 * The event, if it says what it must: anything but a deletion would otherwise pass for a user who is
 * there.
 *
 * @throws {SluiceError} `BAD_EVENT` for an unknown `op`, or an insert or update without name or age.
 */
export function checkedUserEvent(event: UserEventRow): UserEventRow {
  const { op, name, age } = event;
  if (op === "delete") return event;
  if (op !== "insert" && op !== "update") {
    throw badEvent(`op ${JSON.stringify(op)}`, "insert, update or delete");
  }
  if (name === null || age === null) throw badEvent(`${op} of no one`, "name and age");
  return event;
}

function badEvent(found: string, wanted: string): SluiceError {
  return new SluiceError("BAD_EVENT", { attempted: "read a user event", found, wanted });
}
