import type { EventRow } from "../event-row.ts";
import { DAY_MS, floorTo } from "./aggregates.ts";

/** Days (their first millisecond) that got rows which an aggregate may not show yet, each with the oldest such row's time of storing. */
export type LateDays = ReadonlyMap<number, number>;

/**
 * Rows committed below an aggregate's border, until they are refreshed. Days are precise enough: TimescaleDB has noted exactly what
 * changed, and a refresh of a whole day computes only that again.
 */
export type LateDayLog = {
  readonly size: number;
  /** The time of storing of the oldest row that may be invisible. */
  readonly oldestStoredAtMs: number | undefined;
  /** Notes the rows older than the limit; answers how many there were. */
  note(rows: readonly EventRow[], limitMs: number): number;
  /** Hands over what is noted; it still counts as invisible until settled. */
  take(): LateDays;
  /** The days taken are refreshed, or some are not and count again. */
  settle(remaining: LateDays): void;
};

export function createLateDayLog(): LateDayLog {
  let noted = new Map<number, number>();
  let taken: LateDays = new Map();

  return {
    get size() {
      return noted.size + taken.size;
    },
    get oldestStoredAtMs() {
      let oldest: number | undefined;
      for (const days of [noted, taken]) {
        for (const storedAtMs of days.values()) {
          if (oldest === undefined || storedAtMs < oldest) oldest = storedAtMs;
        }
      }
      return oldest;
    },
    note(rows, limitMs) {
      let count = 0;
      for (const row of rows) {
        if (row.occurredAtMs < limitMs) {
          count += 1;
          keepOldest(noted, floorTo(row.occurredAtMs, DAY_MS), row.source.storedAtMs);
        }
      }
      return count;
    },
    take() {
      const days = noted;
      noted = new Map();
      taken = days;
      return days;
    },
    settle(remaining) {
      taken = new Map();
      for (const [day, storedAtMs] of remaining) keepOldest(noted, day, storedAtMs);
    },
  };
}

function keepOldest(days: Map<number, number>, day: number, storedAtMs: number): void {
  const before = days.get(day);
  if (before === undefined || storedAtMs < before) days.set(day, storedAtMs);
}
