import { type StatsQuery, statsQuerySchema } from "../../contract/stats-query.ts";
import { formatInstant, type Interval, listBuckets } from "../../contract/time-buckets.ts";
import type { GitEventsExpected } from "./git-events.ts";

export type GitQuestion = {
  readonly name: string;
  readonly query: StatsQuery;
  readonly expected: unknown;
  /** Of an answer, what the file has figures of. */
  readonly pick: (data: readonly object[]) => readonly object[];
};

/** Every figure of git-events.expected.json as a question, with the answer that `toStatsData` must give. */
export function gitQuestions(expected: GitEventsExpected): GitQuestion[] {
  const all = { from: "2009-01-01", to: "2027-01-01" };
  const bucket = "2009-01-01T00:00:00Z";
  const question = (name: string, query: object, answer: unknown): GitQuestion => ({
    name,
    query: statsQuerySchema.parse(query),
    expected: answer,
    // The file leaves out all but the largest groups.
    pick: (data) => data.filter((one) => !("other" in one)),
  });
  const active = (interval: Exclude<Interval, "minute">, { from, to, data }: Counts) =>
    question(
      `active users by ${interval}`,
      { kind: "active_users", interval, from, to },
      fill(interval, from, to, data).map(([start, users]) => ({ bucket: start, users })),
    );
  const total = (name: string, more: object, value: number) =>
    question(name, { kind: "events", interval: "total", ...all, ...more }, [{ bucket, value }]);
  const grouped = (name: string, more: Range, groups: Readonly<Record<string, number>>) =>
    question(
      name,
      { kind: "events", interval: "total", limit: Object.keys(groups).length, ...more },
      Object.entries(groups)
        .sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || (a < b ? -1 : 1))
        .map(([group, value]) => ({ bucket: `${more.from}T00:00:00Z`, group, value })),
    );

  const { commit_events_hourly: hourly, retention_weekly_first_time: retention } = expected;
  const { events_by_repo: repos, file_changed_added_over_100_by_ext: large, funnel } = expected;
  const top = expected.top_events;
  const [entered = 0] = funnel.users_reaching_step;
  return [
    total("all events", {}, expected.events_total),
    total("all users", { measure: "users" }, expected.users_total),
    grouped("all events by type", { ...all, breakdown: "event_type" }, expected.events_by_type),
    active("day", expected.active_users_daily),
    active("week", expected.active_users_weekly),
    active("month", expected.active_users_monthly),
    question(
      "top events",
      { kind: "top_events", from: top.from, to: top.to },
      top.data.map(({ unique_users: users, ...rest }) => ({ ...rest, users })),
    ),
    question(
      "commits by hour",
      { kind: "events", interval: "hour", event_type: "commit", from: hourly.from, to: hourly.to },
      fill("hour", hourly.from, hourly.to, hourly.data).map(([start, value]) => ({
        bucket: start,
        value,
      })),
    ),
    grouped(
      "events by repository",
      { from: repos.from, to: repos.to, breakdown: "properties.repo" },
      repos.data,
    ),
    grouped(
      "changes of over 100 lines by extension",
      {
        from: large.from,
        to: large.to,
        event_type: "file_changed",
        filters: [{ field: "properties.added", op: "gt", value: 100 }],
        breakdown: "properties.ext",
      },
      large.data,
    ),
    question(
      "weekly retention",
      {
        kind: "retention",
        interval: "week",
        from: retention.from,
        to: retention.to,
        periods: retention.periods,
      },
      Object.entries(retention.cohorts).map(([day, retained]) => ({
        cohort: `${day}T00:00:00Z`,
        size: retained[0],
        retained,
      })),
    ),
    question(
      "funnel",
      {
        kind: "funnel",
        steps: funnel.steps,
        window: `${funnel.window_seconds}s`,
        from: funnel.from,
        to: funnel.to,
      },
      funnel.steps.map((event_type, index) => {
        const users = funnel.users_reaching_step[index] ?? 0;
        return { step: index + 1, event_type, users, conversion: users / entered };
      }),
    ),
  ];
}

type Counts = GitEventsExpected["active_users_daily"];
type Range = { readonly from: string; readonly to: string; readonly [more: string]: unknown };

/** The file leaves out empty buckets, and writes a month as `2023-01`. */
function fill(
  interval: Interval,
  from: string,
  to: string,
  data: Readonly<Record<string, number>>,
): [string, number][] {
  const known = new Map(
    Object.entries(data).map(([name, value]) => [Date.parse(name), value] as const),
  );
  return listBuckets(Date.parse(from), Date.parse(to), interval).map((start) => [
    formatInstant(start),
    known.get(start) ?? 0,
  ]);
}
