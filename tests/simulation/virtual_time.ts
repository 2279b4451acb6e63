import { setImmediate } from "node:timers";

interface Event {
  readonly atMs: number;
  /** Events of one moment happen in the order in which they were asked for. */
  readonly order: number;
  readonly run: () => void;
}

/**
 * The time of a simulated world: it stands still while code runs, and jumps to the next event when
 * all code waits. No real timer is awaited, so that hours pass in milliseconds, the same way always.
 */
export class VirtualTime {
  nowMs: number;
  readonly #heap: Event[] = [];
  #asked = 0;

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  /** Calls a function when so many milliseconds have passed. */
  after(delayMs: number, run: () => void): void {
    this.#push({ atMs: this.nowMs + delayMs, order: this.#asked++, run });
  }

  /**
   * Lets time pass until the condition holds; returns false if nothing is left that could happen, or
   * `maxEvents` were not enough.
   */
  async passUntil(isOver: () => boolean, maxEvents: number): Promise<boolean> {
    await allCodeWaits();
    for (let events = 0; !isOver(); events++) {
      const next = this.#pop();
      if (next === undefined || events >= maxEvents) return false;
      this.nowMs = next.atMs;
      next.run();
      await allCodeWaits();
    }
    return true;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent]!, event)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Returns when every promise that can go on by itself has gone on. */
function allCodeWaits(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => resolve()));
}
