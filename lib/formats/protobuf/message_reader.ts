import { Unreadable } from "../unreadable.ts";
import type { FieldReader, ValueReader } from "./value_reader.ts";
import { WIRE, type WireInput } from "./wire_input.ts";

/** A column, and what it is read from. */
export interface PlannedField {
  /** Where among what was read of a message it is. */
  readonly slot: number;
  /** The column's name in the rows. */
  readonly column: string;
  /** The field's name in the message. */
  readonly name: string;
  /** What reads the field. */
  readonly reader: FieldReader;
}

/** What is done where a field's number stands. */
export interface Step {
  /** What is read; `undefined` if no column wants it. */
  readonly field: PlannedField | undefined;
  /** The planned fields of the same oneof, which it takes the place of. */
  readonly replaces: readonly PlannedField[];
}

/** What was read of a message, by the slot of the planned field. */
export type Slots = readonly unknown[];

/** Reads the fields of a message that columns want, in any order, and passes over the others. */
export class MessageReader implements ValueReader<Slots> {
  readonly wireType: number = WIRE.bytes;
  readonly zero: Slots = [];
  readonly #fields: readonly PlannedField[];
  readonly #steps: ReadonlyMap<number, Step>;

  /** `steps` are by the number of the field. */
  constructor(fields: readonly PlannedField[], steps: ReadonlyMap<number, Step>) {
    this.#fields = fields;
    this.#steps = steps;
  }

  /** Reads a message within another; of one that comes in parts, the later adds to the earlier. */
  read(input: WireInput, before: Slots = []): Slots {
    const slots = [...before];
    input.readAll(() => this.#readField(input, slots));
    return slots;
  }

  /** Reads a whole record. */
  readRecord(input: WireInput): Slots {
    const slots: unknown[] = [];
    while (input.pos < input.end) this.#readField(input, slots);
    return slots;
  }

  /** The columns of the row, by name. */
  finish(slots: Slots): Record<string, unknown> {
    const row: Record<string, unknown> = {};
    for (const { slot, column, name, reader } of this.#fields) {
      row[column] = within(name, () => reader.finish(slots[slot]));
    }
    return row;
  }

  #readField(input: WireInput, slots: unknown[]): void {
    const tag = input.readTag();
    const step = this.#steps.get(tag >>> 3);
    if (step === undefined) return input.skip(tag);
    for (const { slot } of step.replaces) slots[slot] = undefined;
    if (step.field === undefined) return input.skip(tag);
    const { slot, name, reader } = step.field;
    slots[slot] = within(name, () => reader.read(input, tag, slots[slot]));
  }
}

/** Says of an error in which field it is. */
function within<T>(field: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Unreadable ? error.within(field) : error;
  }
}
