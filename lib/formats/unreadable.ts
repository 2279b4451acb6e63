/** Why the bytes of a record are no value of its schema, and in which field. */
export class Unreadable extends Error {
  /** The field, with the fields around it: `address.street`. */
  path = "";

  /** The text for the dead letter. */
  describe(): string {
    return this.path === "" ? this.message : `field "${this.path}": ${this.message}`;
  }

  /** The same problem, seen from the record around. */
  within(field: string): this {
    this.path = this.path === "" ? field : `${field}.${this.path}`;
    return this;
  }
}
