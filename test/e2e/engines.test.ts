import { fileURLToPath, pathToFileURL } from "node:url";
import { Redis } from "ioredis";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StatsMeta } from "../../contract/stats-answer.ts";
import { runSluice } from "../integration/cli/run-sluice.ts";
import { startClickHouse } from "../support/clickhouse-server.ts";
import { readGitEvents } from "../support/git-events.ts";
import { gitQuestions } from "../support/git-questions.ts";
import { poll } from "../support/poll.ts";
import type { Service } from "../support/service.ts";
import { PATIENT, type StackService, startStack } from "../support/stack.ts";
import { createStackClient, type StackClient } from "../support/stack-client.ts";
import { makeTempDir, type TempDir } from "../support/temp-dir.ts";
import { isThorough } from "../support/thoroughness.ts";

/** The known answers about 150,233 real events over HTTP, wherever the events are kept. */
const { expected } = readGitEvents();
const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));
const FILE = "../shared/data/git-events.ndjson.gz";
const COUNTED_TIMEOUT_MS = 150_000;

type Wherever = {
  readonly name: string;
  /** What the stack needs to be there before it. */
  readonly before?: () => Promise<{
    readonly service: Service;
    readonly env: Record<string, string>;
  }>;
  readonly env?: Record<string, string>;
  readonly args: readonly string[];
  /** What is asked is asked in TimescaleDB alone, and again once the import is archived up to {@link BORDER}. */
  readonly hasColdTier?: boolean;
  /** Of the active users of March 2024. */
  readonly sources: readonly string[];
};

/** Inside every range that is asked about. */
const BORDER = "2024-03-15T00:00:00Z";

const WHEREVER: readonly Wherever[] = [
  {
    name: "TimescaleDB and Parquet, with the border at 2024-03-15",
    // Whatever the day: the 15th is the first midnight that is not older.
    env: { HOT_DAYS: String(Math.floor((Date.now() - Date.parse("2024-03-15")) / 86_400_000)) },
    hasColdTier: true,
    args: [],
    sources: ["cold", "user_days"],
  },
  { name: "DuckDB", args: ["--store", "duckdb"], sources: ["user_days"] },
  {
    name: "ClickHouse",
    async before() {
      const server = await startClickHouse();
      return { service: server, env: { CLICKHOUSE_URL: server.url } };
    },
    args: ["--store", "clickhouse"],
    sources: ["user_days"],
  },
];

/** The integration tests ask the same of ClickHouse without a stack around it. */
const TRIED = WHEREVER.filter(({ name }) => isThorough || name !== "ClickHouse");

describe.each(TRIED)("150,233 real events in $name", (wherever) => {
  const { before, args, sources, hasColdTier = false } = wherever;
  let stack: StackService;
  let client: StackClient;
  let beside: Service | undefined;
  let tempDir: TempDir | undefined;

  beforeAll(async () => {
    const made = await before?.();
    beside = made?.service;
    const coldDir = await makeTempDir("cold");
    tempDir = coldDir;
    const cold = hasColdTier ? { COLD_URL: pathToFileURL(coldDir.path).href } : {};
    // What a killed worker held comes again so soon.
    const env = { ...PATIENT, ACK_WAIT_MS: "4000", ...wherever.env, ...cold, ...made?.env };
    stack = await startStack({ args, env });
    client = await createStackClient(stack);
  });
  afterAll(async () => {
    await stack?.stop();
    await beside?.stop();
    await tempDir?.remove();
  });

  it("sluice import has every event accepted", async () => {
    expect(await runImport(stack)).toEqual({ accepted: 150_233, duplicate: 0, rejected: 0 });
    await client.waitUntilCounted(COUNTED_TIMEOUT_MS);
  });

  describe.runIf(hasColdTier)("before any of it is archived", () => {
    it.each(gitQuestions(expected))("$name", async ({ query, expected: answer, pick }) => {
      const { data, meta } = await ask(stack, client, query);
      expect(pick(data)).toEqual(answer);
      expect(meta.sources).not.toContain("cold");
    });

    it("all events but those at the very end, which a range leaves out", expectEnds);

    it("a second import finds every event a duplicate", async () => {
      expect(await runImport(stack, "--restart")).toEqual({
        accepted: 0,
        duplicate: 150_233,
        rejected: 0,
      });
    });

    it("an import that Redis knows nothing of changes no number", async () => {
      await forgetInRedis();
      // Cut into other messages than before, so that it is not JetStream that drops them: they reach the database.
      const { accepted, rejected } = await runImport(stack, "--restart", "--batch-size", "1700");
      expect({ accepted, rejected }).toEqual({ accepted: 150_233, rejected: 0 });
      await client.waitUntilCounted(COUNTED_TIMEOUT_MS);
      const [row] = await readDatabase<{ rows: number; ids: number }>(
        "select count(*)::int as rows, count(distinct event_id)::int as ids from events",
      );
      expect(row).toEqual({ rows: 150_233, ids: 150_233 });
      await expectEnds();
    });
  });

  it.runIf(hasColdTier)("sluice archive moves what is older than the border", async () => {
    const { done } = runSluice(["archive", "--json"], {
      cwd: CHECKOUT,
      env: { DATA_DIR: stack.dataDir },
    });
    const { code, stdout, stderr } = await done;
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ floor: BORDER, is_cleared: true });
  });

  it.each(gitQuestions(expected))("$name", async ({ query, expected: answer, pick }) => {
    const { data, meta } = await ask(stack, client, query);
    expect(pick(data)).toEqual(answer);
    expect(meta.as_of).not.toBeNull();
  });

  it("says where the numbers come from", async () => {
    const { meta } = await ask(stack, client, {
      kind: "active_users",
      interval: "day",
      from: "2024-03-01",
      to: "2024-04-01",
    });
    expect(meta.sources).toEqual(sources);
  });

  it("shows raw events, a user's timeline and a receipt", async () => {
    const page = await get(stack, client, "/v1/events?from=2024-03-05&to=2024-03-06&limit=1000");
    expect(page.data.length).toBeGreaterThan(10);
    const [event] = page.data as { event_id: string; user_id: string; occurred_at: string }[];
    const timeline = await get(stack, client, `/v1/users/${event?.user_id}/events?limit=5`);
    expect(timeline.data.map((one) => (one as { user_id: string }).user_id)).toContain(
      event?.user_id,
    );
    const receipt = await get(stack, client, `/v1/events/${event?.event_id}`);
    expect(receipt).toMatchObject({ status: "stored", event: { occurred_at: event?.occurred_at } });
  });

  it.runIf(hasColdTier && isThorough)(
    "stores nothing twice when all of it comes again and Redis has forgotten",
    async () => {
      await forgetInRedis();
      const { accepted } = await runImport(stack, "--restart", "--batch-size", "1700");
      expect(accepted).toBe(150_233);
      await client.waitUntilCounted(COUNTED_TIMEOUT_MS);
      const { data } = await ask(stack, client, {
        kind: "events",
        interval: "total",
        from: "2009-01-01",
        to: "2027-01-01",
      });
      expect(data).toEqual([{ bucket: "2009-01-01T00:00:00Z", value: 150_233 }]);
    },
  );

  it("stores one event once after kill -9 of the worker", async () => {
    const event = {
      event_id: "0197a3f0-5c3e-7c11-8f6e-2b1d3c4e5f60",
      event_type: "signed_up",
      user_id: "u1",
    };
    await client.post(event);
    await stack.killPart("worker");
    await client.post({ ...event, event_id: "0197a3f0-5c3e-7c11-8f6e-2b1d3c4e5f61" });
    await poll(
      "both events",
      async () => {
        const { data } = await ask(stack, client, {
          kind: "events",
          interval: "total",
          event_type: "signed_up",
          from: "2025-01-01",
          to: "2026-01-01",
        }).catch(() => ({ data: [] }));
        return (data as { value: number }[])[0]?.value === 2;
      },
      60_000,
    );
  });

  async function forgetInRedis(): Promise<void> {
    const redis = new Redis(stack.redis_url);
    await redis.flushall();
    redis.disconnect();
  }

  /** From the first event to the last, which the range's end leaves out. */
  async function expectEnds(): Promise<void> {
    const { first, last, events_total: total } = expected;
    const [atEnd] = await readDatabase<{ events: number }>(
      `select count(*)::int as events from events where occurred_at >= '${last}'`,
    );
    expect(atEnd?.events).toBeGreaterThan(0);
    const { data } = await ask(stack, client, {
      kind: "events",
      interval: "total",
      from: first,
      to: last,
    });
    expect(data).toEqual([{ bucket: first, value: total - (atEnd?.events ?? 0) }]);
  }

  async function readDatabase<Row extends object>(statement: string): Promise<readonly Row[]> {
    const sql = postgres(stack.database_url, { max: 1, onnotice: () => {} });
    try {
      return await sql.unsafe<Row[]>(statement);
    } finally {
      await sql.end({ timeout: 5 });
    }
  }
});

async function runImport(stack: StackService, ...options: string[]) {
  const { done } = runSluice(["import", FILE, "--json", ...options], {
    cwd: CHECKOUT,
    env: { DATA_DIR: stack.dataDir },
  });
  const { code, stdout, stderr } = await done;
  expect(code, stderr).toBe(0);
  const { accepted, duplicate, rejected } = (
    JSON.parse(stdout) as { total: Record<string, number> }
  ).total;
  return { accepted, duplicate, rejected };
}

type Answer = { readonly data: readonly object[]; readonly meta: StatsMeta };

async function ask(stack: StackService, client: StackClient, query: object): Promise<Answer> {
  return send(
    new Request(`${stack.edge_url}/v1/query`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${client.readKey}`,
        "content-type": "application/json",
        "cache-control": "no-cache",
      },
      body: JSON.stringify(query),
    }),
  );
}

function get(stack: StackService, client: StackClient, path: string): Promise<Answer> {
  return send(
    new Request(`${stack.edge_url}${path}`, {
      headers: { authorization: `Bearer ${client.readKey}` },
    }),
  );
}

async function send(request: Request): Promise<Answer> {
  const response = await fetch(request, { signal: AbortSignal.timeout(30_000) });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`Cannot ask: ${response.status} ${text}`);
  return JSON.parse(text) as Answer;
}
