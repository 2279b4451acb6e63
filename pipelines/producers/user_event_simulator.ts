import { randomNumbers } from "./random_numbers.ts";

/** What there is to know of a user. */
export interface User {
  readonly name: string;
  readonly age: number;
}

/** Where a simulation takes up an earlier one. */
export interface UserSimulationStart {
  /** The `event_order` of the first event. */
  readonly eventOrder: bigint;
  /** The users that are there, by id. */
  readonly users: ReadonlyMap<number, User>;
  /** Tells the time, in milliseconds since 1970. */
  readonly now: () => number;
}

/** One simulated event: the key and the value of its record. */
export interface SimulatedUserEvent {
  readonly id: number;
  readonly eventOrder: bigint;
  /** The JSON text; see `UserEvent`. */
  readonly json: string;
}

/** Ids are 1 to this. */
const USERS = 100;

/** How often a user who is there leaves. */
const DELETE_SHARE = 0.2;

const NAMES = ["Alice", "Bob", "Charlie", "Dilan", "Emma", "Femi", "Grace", "Hugo", "Ines", "Jun"];

/**
 * An endless stream of changes of users: they come, have birthdays, change their names, leave, and may
 * come back. `event_order` counts up by one. The same seed and start give the same changes.
 */
export function* simulateUserEvents(
  seed: number,
  start: UserSimulationStart,
): Generator<SimulatedUserEvent> {
  const random = randomNumbers(seed);
  const anyName = () => NAMES[Math.floor(random() * NAMES.length)]!;
  const users = new Map(start.users);
  for (let eventOrder = start.eventOrder;; eventOrder++) {
    const id = 1 + Math.floor(random() * USERS);
    const before = users.get(id);
    let op = "insert";
    let after: User | undefined;
    if (before === undefined) {
      after = { name: anyName(), age: 18 + Math.floor(random() * 60) };
    } else if (random() < DELETE_SHARE) {
      op = "delete";
    } else {
      op = "update";
      after = random() < 0.5 ? { ...before, age: before.age + 1 } : { ...before, name: anyName() };
    }
    if (after === undefined) users.delete(id);
    else users.set(id, after);
    const name = JSON.stringify(after?.name ?? null);
    const ts = new Date(start.now()).toISOString();
    yield {
      id,
      eventOrder,
      json: `{"id":${id},"name":${name},"age":${after?.age ?? null},"op":"${op}",` +
        `"event_order":${eventOrder},"ts":"${ts}"}`,
    };
  }
}
