/** Statistics straight from their definition, as slow as it likes: what every store is compared with. */
import type { StatsData } from "../../contract/stats-answer.ts";
import type { StatsQuery } from "../../contract/stats-query.ts";

export type NaiveEvent = {
  readonly occurredAtMs: number;
  readonly eventType: string;
  readonly userId: string;
};

export function naiveStats(
  query: StatsQuery,
  events: readonly NaiveEvent[],
  asOfMs: number,
): StatsData {
  const fromMs = Date.parse(query.from);
  const toMs = Date.parse(query.to);
  const inRange = events.filter(
    ({ occurredAtMs }) => occurredAtMs >= fromMs && occurredAtMs < toMs,
  );
  switch (query.kind) {
    case "active_users":
      return bucketsBetween(fromMs, toMs, query.interval).map((bucket) => ({
        bucket,
        users: countUsers(inRange.filter((event) => isIn(event, bucket, query.interval))),
      }));
    case "top_events":
      return typesOf(inRange)
        .map((event_type) => {
          const ofType = inRange.filter((event) => event.eventType === event_type);
          return { event_type, events: ofType.length, users: countUsers(ofType) };
        })
        .sort(
          (a, b) =>
            b.events - a.events ||
            Buffer.compare(Buffer.from(a.event_type), Buffer.from(b.event_type)),
        )
        .slice(0, query.limit);
    case "events": {
      const { interval, event_type, measure, breakdown } = query;
      const counted = inRange.filter(
        ({ eventType }) => event_type === undefined || eventType === event_type,
      );
      const buckets = interval === "total" ? [query.from] : bucketsBetween(fromMs, toMs, interval);
      const countIn = (bucket: string, group: string | undefined) => {
        const found = counted.filter(
          (event) =>
            (interval === "total" || isIn(event, bucket, interval)) &&
            (group === undefined || event.eventType === group),
        );
        return measure === "users" ? countUsers(found) : found.length;
      };
      if (breakdown === undefined) {
        return buckets.map((bucket) => ({ bucket, value: countIn(bucket, undefined) }));
      }
      const totals = typesOf(counted).map((group) => ({
        group,
        total: buckets.reduce((sum, bucket) => sum + countIn(bucket, group), 0),
      }));
      totals.sort((a, b) => b.total - a.total || (a.group < b.group ? -1 : 1));
      return buckets.flatMap((bucket) =>
        totals.map(({ group }) => ({ bucket, group, value: countIn(bucket, group) })),
      );
    }
    case "retention": {
      const { interval, periods } = query;
      const users = [...new Set(events.map((event) => event.userId))];
      return bucketsBetween(fromMs, toMs, interval).map((cohort) => {
        const members = users.filter((userId) => {
          const times = events
            .filter((event) => event.userId === userId)
            .map((event) => event.occurredAtMs);
          return bucketName(Math.min(...times), interval) === cohort;
        });
        const starts = [cohort];
        while (starts.length <= periods) starts.push(nextBucket(starts.at(-1) ?? cohort, interval));
        const retained = starts.map((period) => {
          const active = members.filter((userId) =>
            events.some((event) => event.userId === userId && isIn(event, period, interval)),
          );
          return active.length === 0 && Date.parse(period) > asOfMs ? null : active.length;
        });
        return { cohort, size: members.length, retained };
      });
    }
  }
}

type Interval = "minute" | "hour" | "day" | "week" | "month";

const STEP_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

function bucketsBetween(fromMs: number, toMs: number, interval: Interval): string[] {
  const stepMs = interval === "minute" || interval === "hour" ? STEP_MS[interval] : STEP_MS.day;
  const names = new Set<string>([bucketName(fromMs, interval)]);
  for (let ms = fromMs - (fromMs % stepMs); ms < toMs; ms += stepMs) {
    names.add(bucketName(ms, interval));
  }
  return [...names];
}

function bucketName(ms: number, interval: Interval): string {
  const text = new Date(ms).toISOString();
  switch (interval) {
    case "minute":
      return `${text.slice(0, 16)}:00Z`;
    case "hour":
      return `${text.slice(0, 13)}:00:00Z`;
    case "day":
      return `${text.slice(0, 10)}T00:00:00Z`;
    case "week": {
      const daysAfterMonday = (new Date(ms).getUTCDay() + 6) % 7;
      return bucketName(ms - daysAfterMonday * STEP_MS.day, "day");
    }
    case "month":
      return `${text.slice(0, 7)}-01T00:00:00Z`;
  }
}

/** Goes on by hours until the name changes. */
function nextBucket(bucket: string, interval: Interval): string {
  let ms = Date.parse(bucket);
  while (bucketName(ms, interval) === bucket) ms += STEP_MS.hour;
  return bucketName(ms, interval);
}

function isIn(event: NaiveEvent, bucket: string, interval: Interval): boolean {
  return bucketName(event.occurredAtMs, interval) === bucket;
}

function typesOf(events: readonly NaiveEvent[]): string[] {
  return [...new Set(events.map((event) => event.eventType))];
}

function countUsers(events: readonly NaiveEvent[]): number {
  return new Set(events.map((event) => event.userId)).size;
}
