/** Puts what finishes in any order back into order: how far everything is done without a gap. */
export class Watermark<T> {
  #done: number;
  readonly #ahead = new Map<number, T>();

  constructor(done: number) {
    this.#done = done;
  }

  /** The last number up to which all have finished. */
  get done(): number {
    return this.#done;
  }

  /** Notes that `number` has finished; gives the values that now follow without a gap, in order. */
  finish(number: number, value: T): T[] {
    this.#ahead.set(number, value);
    const released: T[] = [];
    for (;;) {
      const next = this.#done + 1;
      const found = this.#ahead.get(next);
      if (found === undefined) return released;
      this.#ahead.delete(next);
      this.#done = next;
      released.push(found);
    }
  }
}
