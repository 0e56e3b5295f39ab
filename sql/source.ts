import { DAY_MS, HOUR_MS, type Interval } from "../contract/time-buckets.ts";

export type SourceName = "events" | "events_hourly" | "user_days";

/** What a statement may read. `time` places a row, `count` adds its events up. */
export type Source = {
  readonly name: SourceName;
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

export const EVENTS: Source = {
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
  readonly needsProperties?: boolean;
};

/** The cheapest source that answers exactly: no row of it lies across an end of the range or of a bucket. */
export function chooseSource(question: Question): Source {
  const { from, to, interval, needsUsers, needsProperties = false } = question;
  const ends = [Date.parse(from), Date.parse(to)];
  const isWhole = (lengthMs: number) => ends.every((end) => end % lengthMs === 0);
  if (interval === "minute" || needsProperties) return EVENTS;
  if (!needsUsers) return isWhole(HOUR_MS) ? EVENTS_HOURLY : EVENTS;
  return interval !== "hour" && isWhole(DAY_MS) ? USER_DAYS : EVENTS;
}
