/** Rows of the left side and of the right side, one pair behind the other. */
export class RowPairs {
  #left = new Int32Array(1024);
  #right = new Int32Array(1024);
  #length = 0;

  /** How many pairs there are. */
  get length(): number {
    return this.#length;
  }

  /** The left rows. */
  get left(): Int32Array {
    return this.#left.subarray(0, this.#length);
  }

  /** The right row of each. */
  get right(): Int32Array {
    return this.#right.subarray(0, this.#length);
  }

  /** Adds a pair. */
  push(left: number, right: number): void {
    if (this.#length === this.#left.length) this.#grow();
    this.#left[this.#length] = left;
    this.#right[this.#length++] = right;
  }

  #grow(): void {
    const left = new Int32Array(this.#length * 2);
    const right = new Int32Array(this.#length * 2);
    left.set(this.#left);
    right.set(this.#right);
    this.#left = left;
    this.#right = right;
  }
}
