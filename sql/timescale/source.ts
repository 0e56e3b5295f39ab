import { DAY_MS, HOUR_MS, type Interval } from "../../contract/time-buckets.ts";

/** What a statement may read. `time` places a row, `count` adds its events up. */
export type Source = {
  readonly name: string;
  readonly time: "bucket" | "occurred_at";
  readonly count: string;
  /** The bucket that one row stands for. */
  readonly grain: "hour" | "day" | undefined;
};

const EVENTS_HOURLY: Source = {
  name: "events_hourly",
  time: "bucket",
  count: "sum(events)",
  grain: "hour",
};

export const USER_DAYS: Source = {
  name: "user_days",
  time: "bucket",
  count: "sum(events)",
  grain: "day",
};

const EVENTS: Source = {
  name: "events",
  time: "occurred_at",
  count: "count(*)",
  grain: undefined,
};

type Question = {
  readonly from: string;
  readonly to: string;
  readonly interval: Interval | "total";
  readonly needsUsers: boolean;
};

/** The cheapest source that answers exactly: no row of it lies across an end of the range or of a bucket. */
export function chooseSource({ from, to, interval, needsUsers }: Question): Source {
  const ends = [Date.parse(from), Date.parse(to)];
  const isWhole = (lengthMs: number) => ends.every((end) => end % lengthMs === 0);
  if (interval === "minute") return EVENTS;
  if (!needsUsers) return isWhole(HOUR_MS) ? EVENTS_HOURLY : EVENTS;
  return interval !== "hour" && isWhole(DAY_MS) ? USER_DAYS : EVENTS;
}

/** SQL for the start of the bucket that a row falls in. */
export function bucketOf(
  source: Source,
  interval: Interval,
  bind: (value: string) => string,
): string {
  return source.grain === interval
    ? source.time
    : `date_trunc(${bind(interval)}::text, ${source.time}, 'UTC')`;
}
