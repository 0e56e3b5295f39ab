/** Statistics straight from their definition, as slow as it likes: what every store is compared with. */

import { durationMs } from "../../contract/duration.ts";
import type { EventPageQuery } from "../../contract/event-page.ts";
import type { PropertyFilter } from "../../contract/property-filter.ts";
import type { StatsData } from "../../contract/stats-answer.ts";
import type { FunnelQuery, StatsQuery } from "../../contract/stats-query.ts";

export type NaiveEvent = {
  readonly occurredAtMs: number;
  readonly eventType: string;
  readonly userId: string;
  readonly properties?: Readonly<Record<string, unknown>>;
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
      const { interval, event_type, measure, breakdown, limit, filters } = query;
      const counted = inRange.filter(
        (event) =>
          (event_type === undefined || event.eventType === event_type) && passes(event, filters),
      );
      const buckets = interval === "total" ? [query.from] : bucketsBetween(fromMs, toMs, interval);
      const countIn = (bucket: string, isWanted: (event: NaiveEvent) => boolean) => {
        const found = counted.filter(
          (event) => (interval === "total" || isIn(event, bucket, interval)) && isWanted(event),
        );
        return measure === "users" ? countUsers(found) : found.length;
      };
      if (breakdown === undefined) {
        return buckets.map((bucket) => ({ bucket, value: countIn(bucket, () => true) }));
      }
      const groupOf = (event: NaiveEvent) =>
        breakdown === "event_type"
          ? event.eventType
          : textOf(propertyOf(event, breakdown.replace("properties.", "")));
      const totals = [...new Set(counted.map(groupOf))].map((group) => ({
        group,
        total: buckets.reduce(
          (sum, bucket) => sum + countIn(bucket, (event) => groupOf(event) === group),
          0,
        ),
      }));
      totals.sort((a, b) => b.total - a.total || compareNames(a.group, b.group));
      const top = totals.slice(0, limit).map(({ group }) => group);
      return buckets.flatMap((bucket) => [
        ...top.map((group) => ({
          bucket,
          group,
          value: countIn(bucket, (event) => groupOf(event) === group),
        })),
        ...(totals.length <= limit
          ? []
          : [
              {
                bucket,
                group: "other",
                other: true as const,
                value: countIn(bucket, (event) => !top.includes(groupOf(event))),
              },
            ]),
      ]);
    }
    case "funnel": {
      const { steps } = query;
      const windowMs = durationMs(query.window) ?? 0;
      const users = [...new Set(inRange.map((event) => event.userId))];
      const reached = steps.map(
        (_, index) =>
          users.filter((userId) => {
            const own = inRange.filter((event) => event.userId === userId);
            return own.some((first) => takes(own, steps.slice(0, index + 1), first, windowMs));
          }).length,
      );
      return steps.map(({ event_type }, index) => {
        const [entered = 0] = reached;
        const of = reached[index] ?? 0;
        return {
          step: index + 1,
          event_type,
          users: of,
          conversion: entered === 0 ? null : of / entered,
        };
      });
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

/** The ids of the rows that a page without an end would have, newest first. `rows` are the events', in the same order. */
export function naivePage(
  query: Pick<EventPageQuery, "filters"> & { readonly from: string; readonly to: string },
  events: readonly NaiveEvent[],
  rows: readonly { readonly eventId: string }[],
): string[] {
  return events
    .map((event, index) => ({ event, id: rows[index]?.eventId ?? "" }))
    .filter(
      ({ event }) =>
        event.occurredAtMs >= Date.parse(query.from) &&
        event.occurredAtMs < Date.parse(query.to) &&
        passes(event, query.filters),
    )
    .sort((a, b) => b.event.occurredAtMs - a.event.occurredAtMs || (a.id < b.id ? 1 : -1))
    .map(({ id }) => id);
}

type Steps = FunnelQuery["steps"];

/** Whether the steps can be taken, the first one with this event: tries every event for each next step. */
function takes(
  events: readonly NaiveEvent[],
  steps: Steps,
  first: NaiveEvent,
  windowMs: number,
): boolean {
  const goOn = (index: number, at: NaiveEvent): boolean => {
    const step = steps[index];
    if (step === undefined) return true;
    return events.some(
      (event) =>
        event.occurredAtMs >= at.occurredAtMs &&
        event.occurredAtMs - first.occurredAtMs <= windowMs &&
        isStep(event, step) &&
        goOn(index + 1, event),
    );
  };
  const [step] = steps;
  return step !== undefined && isStep(first, step) && goOn(1, first);
}

function isStep(event: NaiveEvent, step: Steps[number]): boolean {
  return event.eventType === step.event_type && passes(event, step.filters);
}

export function passes(event: NaiveEvent, filters: readonly PropertyFilter[]): boolean {
  return filters.every((filter) => passesOne(event, filter));
}

function passesOne(event: NaiveEvent, filter: PropertyFilter): boolean {
  const property = propertyOf(event, filter.field.replace("properties.", ""));
  const equals = (value: string) => {
    if (typeof property === "number" && isJsonNumber(value) && Number(value) === property) {
      return true;
    }
    return textOf(property) === value;
  };
  switch (filter.op) {
    case "eq":
      return equals(filter.value);
    case "neq":
      return !equals(filter.value);
    case "in":
      return filter.value.some(equals);
    case "gt":
      return typeof property === "number" && property > filter.value;
    case "gte":
      return typeof property === "number" && property >= filter.value;
    case "lt":
      return typeof property === "number" && property < filter.value;
    case "lte":
      return typeof property === "number" && property <= filter.value;
    case "contains":
      return typeof property === "string" && property.includes(filter.value);
    case "exists":
      return (property !== undefined && property !== null) === filter.value;
  }
}

function propertyOf({ properties = {} }: NaiveEvent, key: string): unknown {
  return Object.hasOwn(properties, key) ? properties[key] : undefined;
}

function textOf(property: unknown): string | null {
  return ["string", "number", "boolean"].includes(typeof property) ? String(property) : null;
}

function isJsonNumber(text: string): boolean {
  try {
    return /^[-\d]/.test(text) && text.trim() === text && typeof JSON.parse(text) === "number";
  } catch {
    return false;
  }
}

/** By their bytes, null last. */
function compareNames(a: string | null, b: string | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
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
