import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StatsKind } from "../../../contract/stats-query.ts";
import { parseStatsSearch } from "../../../contract/stats-search.ts";
import { createEventTables, loadNdjson, readData } from "../../support/event-tables.ts";
import { findGitEvents } from "../../support/git-events.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";

const gitEvents = findGitEvents();

describe.skipIf(gitEvents === undefined)("compileStats() on 150,233 real events", () => {
  if (gitEvents === undefined) return;
  const { expected, ndjsonGzPath } = gitEvents;
  let server: PostgresService;
  let sql: Sql;

  beforeAll(async () => {
    server = await startPostgres();
    // Statements must not depend on it.
    sql = postgres(server.url, { max: 1, connection: { TimeZone: "Asia/Kathmandu" } });
    await createEventTables(sql);
    await loadNdjson(sql, ndjsonGzPath, "demo");
  });
  afterAll(async () => {
    await sql?.end();
    await server?.stop();
  });

  const all = { from: "2009-01-01", to: "2027-01-01" };
  const read = (kind: StatsKind, parameters: Record<string, string | number>) => {
    const search = new URLSearchParams(
      Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const asOfMs = Date.parse("2026-09-01T00:00:00Z");
    return readData(sql, "demo", parseStatsSearch(kind, search), asOfMs);
  };

  it.each([
    ["day", expected.active_users_daily, 10],
    ["week", expected.active_users_weekly, 10],
    ["month", expected.active_users_monthly, 7],
  ] as const)("active users by %s", async (interval, { from, to, data }, nameLength) => {
    const answer = await read("active_users", { interval, from, to });
    const known = (answer as { bucket: string; users: number }[]).map(
      ({ bucket, users }) => [bucket.slice(0, nameLength), users] as const,
    );
    expect(Object.fromEntries(known.filter(([, users]) => users > 0))).toEqual(data);
    expect(known).toHaveLength({ day: 31, week: 26, month: 24 }[interval]);
  });

  it("top events", async () => {
    const { from, to, data } = expected.top_events;
    const top = data.map(({ unique_users: users, ...rest }) => ({ ...rest, users }));
    expect(await read("top_events", { from, to })).toEqual(top);
    expect(await read("top_events", { from, to, limit: 2 })).toEqual(top.slice(0, 2));
  });

  it("commits by hour", async () => {
    const { from, to, data } = expected.commit_events_hourly;
    const answer = await read("events", { interval: "hour", from, to, event_type: "commit" });
    const counts = (answer as { bucket: string; value: number }[]).map(
      ({ bucket, value }) => [bucket, value] as const,
    );
    expect(Object.fromEntries(counts.filter(([, value]) => value > 0))).toEqual(data);
    expect(counts).toHaveLength(48);
  });

  it("all events and all users", async () => {
    const bucket = "2009-01-01T00:00:00Z";
    expect(await read("events", { interval: "total", ...all })).toEqual([
      { bucket, value: expected.events_total },
    ]);
    expect(await read("events", { interval: "total", ...all, measure: "users" })).toEqual([
      { bucket, value: expected.users_total },
    ]);
    const byType = await read("events", { interval: "total", ...all, breakdown: "event_type" });
    const sorted = Object.entries(expected.events_by_type).sort(([, a], [, b]) => b - a);
    expect(byType).toEqual(sorted.map(([group, value]) => ({ bucket, group, value })));
  });

  it("weekly retention of new users", async () => {
    const { from, to, periods, cohorts } = expected.retention_weekly_first_time;
    const answer = await read("retention", { interval: "week", from, to, periods });
    expect(answer).toEqual(
      Object.entries(cohorts).map(([day, retained]) => ({
        cohort: `${day}T00:00:00Z`,
        size: retained[0],
        retained,
      })),
    );
  });
});
