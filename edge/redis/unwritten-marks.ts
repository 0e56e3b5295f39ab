/** Keys that Redis is to remember, oldest first, in bounded memory: when there are too many the oldest tenth is forgotten. */
export type UnwrittenMarks = {
  readonly count: number;
  add(keys: readonly string[]): void;
  /** The oldest, at most `limit`. Whoever takes them writes them, or puts them back. */
  take(limit: number): string[];
  putBack(keys: readonly string[]): void;
};

export function createUnwrittenMarks(maxCount: number): UnwrittenMarks {
  let marks: string[] = [];

  function hold(keys: string[]): void {
    // A tenth at once, so that in an outage not every request moves the whole list.
    marks = keys.length <= maxCount ? keys : keys.slice(-Math.ceil(maxCount * 0.9));
  }

  return {
    get count() {
      return marks.length;
    },
    add(keys) {
      marks.push(...keys);
      hold(marks);
    },
    take(limit) {
      const taken = marks.slice(0, limit);
      marks = marks.slice(limit);
      return taken;
    },
    putBack(keys) {
      if (keys.length > 0) hold([...keys, ...marks]);
    },
  };
}
