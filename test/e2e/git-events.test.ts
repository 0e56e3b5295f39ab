import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Interval, listBuckets } from "../../contract/time-buckets.ts";
import { runSluice } from "../integration/cli/run-sluice.ts";
import { readGitEvents } from "../support/git-events.ts";
import { PATIENT, type StackService, startStack } from "../support/stack.ts";
import { createStackClient, type StackClient } from "../support/stack-client.ts";

/** The known answers about 150,233 real events, asked of the whole system after an import as a user would do it. */
const { expected } = readGitEvents();
const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));
const FILE = "../shared/data/git-events.ndjson.gz";
/** 17 years: the worker writes and refreshes 899 chunks behind the import. */
const COUNTED_TIMEOUT_MS = 100_000;
const ALL = { from: "2009-01-01", to: "2027-01-01" };

let stack: StackService;
let client: StackClient;
let sql: Sql;

beforeAll(async () => {
  stack = await startStack({ env: PATIENT });
  client = await createStackClient(stack);
  sql = postgres(stack.database_url, { max: 1, onnotice: () => {} });
});
afterAll(async () => {
  await sql?.end({ timeout: 5 });
  await stack?.stop();
});

it("sluice import has every event accepted", async () => {
  expect(await runImport()).toEqual({ accepted: 150_233, duplicate: 0, rejected: 0 });
  await client.waitUntilCounted(COUNTED_TIMEOUT_MS);
});

it.each([
  ["day", expected.active_users_daily],
  ["week", expected.active_users_weekly],
  ["month", expected.active_users_monthly],
] as const)("active users by %s", async (interval, { from, to, data }) => {
  const answer = await client.read("active-users", { interval, from, to });
  const known = new Map(Object.entries(data).map(([name, users]) => [startOf(name), users]));
  expect(answer.data).toEqual(
    startsBetween(from, to, interval).map((bucket) => ({ bucket, users: known.get(bucket) ?? 0 })),
  );
});

it("top events", async () => {
  const { from, to, data } = expected.top_events;
  const top = data.map(({ event_type, events, unique_users: users }) => ({
    event_type,
    events,
    users,
  }));
  expect((await client.read("top-events", { from, to })).data).toEqual(top);
  expect((await client.read("top-events", { from, to, limit: 2 })).data).toEqual(top.slice(0, 2));
});

it("commits by hour", async () => {
  const { from, to, data } = expected.commit_events_hourly;
  const answer = await client.read("events", { interval: "hour", from, to, event_type: "commit" });
  const hours = startsBetween(from, to, "hour");
  expect(hours).toHaveLength(48);
  expect(answer.data).toEqual(hours.map((bucket) => ({ bucket, value: data[bucket] ?? 0 })));
});

it("weekly retention of new users", async () => {
  const { from, to, periods, cohorts } = expected.retention_weekly_first_time;
  const answer = await client.read("retention", { interval: "week", from, to, periods });
  expect(answer.data).toEqual(
    Object.entries(cohorts).map(([name, retained]) => ({
      cohort: startOf(name),
      size: retained[0],
      retained,
    })),
  );
});

it("all events, by type and of every user, to the very ends", expectTotals);

it("a second import finds every event a duplicate", async () => {
  expect(await runImport()).toEqual({ accepted: 0, duplicate: 150_233, rejected: 0 });
});

it("an import that Redis knows nothing of changes no number", async () => {
  const redis = new Redis(stack.redis_url);
  await redis.flushall();
  await redis.quit();
  // Cut into other messages than before, so that it is not JetStream that drops them: they reach the database.
  const { accepted, rejected } = await runImport("--batch-size", "1700");
  expect({ accepted, rejected }).toEqual({ accepted: 150_233, rejected: 0 });
  await client.waitUntilCounted(COUNTED_TIMEOUT_MS);
  const [row] = await sql`
    select count(*)::int as rows, count(distinct event_id)::int as ids from events`;
  expect(row).toEqual({ rows: 150_233, ids: 150_233 });
  await expectTotals();
});

async function expectTotals(): Promise<void> {
  const bucket = "2009-01-01T00:00:00Z";
  const total = { interval: "total", ...ALL };
  expect((await client.read("events", total)).data).toEqual([
    { bucket, value: expected.events_total },
  ]);
  expect((await client.read("events", { ...total, measure: "users" })).data).toEqual([
    { bucket, value: expected.users_total },
  ]);
  const types = (await client.read("top-events", ALL)).data as {
    event_type: string;
    events: number;
  }[];
  expect(Object.fromEntries(types.map(({ event_type, events }) => [event_type, events]))).toEqual(
    expected.events_by_type,
  );
  // From the first event to the last, which the range's end leaves out.
  const ends = { interval: "total", from: expected.first, to: expected.last };
  const bounded = await client.read("events", ends);
  const [last] = await sql<{ events: number }[]>`
    select count(*)::int as events from events where occurred_at >= ${expected.last}`;
  expect(last?.events).toBeGreaterThan(0);
  expect(bounded.data).toEqual([
    { bucket: expected.first, value: expected.events_total - (last?.events ?? 0) },
  ]);
}

async function runImport(...options: string[]) {
  const { done } = runSluice(["import", FILE, "--json", ...options], {
    cwd: CHECKOUT,
    env: { DATA_DIR: stack.dataDir },
  });
  const { code, stdout, stderr } = await done;
  expect(code, stderr).toBe(0);
  const { total } = JSON.parse(stdout) as {
    total: { accepted: number; duplicate: number; rejected: number };
  };
  const { accepted, duplicate, rejected } = total;
  return { accepted, duplicate, rejected };
}

/** `2024-03` and `2024-03-01` are both the start of a bucket. */
function startOf(name: string): string {
  return `${name.length === 7 ? `${name}-01` : name}T00:00:00Z`;
}

function startsBetween(from: string, to: string, interval: Interval): string[] {
  return listBuckets(Date.parse(from), Date.parse(to), interval).map((ms) =>
    new Date(ms).toISOString().replace(".000Z", "Z"),
  );
}
