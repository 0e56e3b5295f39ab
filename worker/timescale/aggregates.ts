export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** A continuous aggregate and how the worker keeps it fresh. */
export type Aggregate = {
  readonly name: "events_hourly" | "user_days";
  readonly bucketMs: number;
  /** A bucket is refreshed for the first time so long after it has ended: rows that are a little late then cost nothing. */
  readonly tailMs: number;
  /** Late rows become visible at this rhythm. */
  readonly rhythmMs: number;
};

/** Refreshing one hour takes some 30 ms at a million events a week, one day of users 0.6 to 0.8 s: each has its own rhythm. */
export function createAggregates(rhythms: {
  readonly hourlyMs: number;
  readonly userDaysMs: number;
}): readonly Aggregate[] {
  return [
    {
      name: "events_hourly",
      bucketMs: HOUR_MS,
      tailMs: 10 * 60_000,
      rhythmMs: rhythms.hourlyMs,
    },
    { name: "user_days", bucketMs: DAY_MS, tailMs: HOUR_MS, rhythmMs: rhythms.userDaysMs },
  ];
}

/**
 * The end of the last bucket that may be refreshed. Everything newer is answered from raw rows, by every worker's agreement, so
 * never an open end: one row of the future would move the border past rows that are still to come.
 */
export function refreshLimitMs(
  aggregate: Pick<Aggregate, "bucketMs" | "tailMs">,
  nowMs: number,
): number {
  return floorTo(nowMs - aggregate.tailMs, aggregate.bucketMs);
}

export function floorTo(ms: number, stepMs: number): number {
  return Math.floor(ms / stepMs) * stepMs;
}
