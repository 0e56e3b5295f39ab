import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Problem } from "../../contract/problem.ts";
import type { StatsMeta } from "../../contract/stats-answer.ts";
import { STATS_QUERY_SCHEMAS } from "../../contract/stats-query.ts";
import { poll } from "../support/poll.ts";
import { type StackService, startStack, whileStopped } from "../support/stack.ts";
import { createStackClient, type StackClient } from "../support/stack-client.ts";

const RANGE = { from: "2026-03-02", to: "2026-03-09" };
const ROUTES: [path: string, parameters: Record<string, string | number>][] = [
  ["active-users", { interval: "day", ...RANGE }],
  ["top-events", RANGE],
  ["events", { interval: "day", ...RANGE }],
  ["retention", { interval: "week", ...RANGE }],
  ["funnel", { steps: "e2e,none", ...RANGE }],
];

let stack: StackService;
let client: StackClient;

beforeAll(async () => {
  stack = await startStack();
  client = await createStackClient(stack, "reads");
  await client.post(["2026-03-02", "2026-03-04"].map((day) => createEvent(day)));
  await client.waitUntilCounted();
});
afterAll(async () => {
  await stack?.stop();
});

describe.each(ROUTES)("GET /v1/stats/%s", (path, parameters) => {
  it("answers with meta that says what was understood and how fresh it is", async () => {
    const response = await client.ask(path, parameters);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    const { data, meta } = (await response.json()) as { data: unknown; meta: { as_of: string } };
    expect(data).toEqual(expect.any(Array));
    expect(Object.keys(meta).sort()).toEqual(
      ["as_of", "cache", "elapsed_ms", "lag_ms", "query", "sources"].sort(),
    );
    expect(meta).toMatchObject({
      query: {
        kind: path.replace("-", "_"),
        from: "2026-03-02T00:00:00Z",
        to: "2026-03-09T00:00:00Z",
      },
      sources: [expect.stringMatching(/^(events|events_hourly|user_days)$/)],
      cache: expect.stringMatching(/^(hit|miss|stale)$/),
      lag_ms: expect.any(Number),
      elapsed_ms: expect.any(Number),
    });
    expect(meta.as_of).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
    expect(Date.parse(meta.as_of)).toBeLessThanOrEqual(Date.now());
  });

  it("answers 304 to its own ETag, and 200 to another", async () => {
    const first = await client.ask(path, parameters);
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^W\/"[\w-]+"$/);
    const same = await client.ask(path, parameters, { "if-none-match": `"other", ${etag}` });
    expect(same.status).toBe(304);
    expect(await same.text()).toBe("");
    expect(same.headers.get("etag")).toBe(etag);
    expect(same.headers.get("cache-control")).toMatch(/^private, max-age=\d+$/);
    const other = await client.ask(path, parameters, { "if-none-match": 'W/"other"' });
    expect(other.status).toBe(200);
    await other.arrayBuffer();
  });

  it("answers 401 without a valid key", async () => {
    const wrongMac = `${client.readKey.slice(0, -4)}0000`;
    for (const authorization of ["", "Basic dTpw", "Bearer nonsense", `Bearer ${wrongMac}`]) {
      const response = await client.ask(path, parameters, { authorization });
      expect(response.headers.get("www-authenticate")).toBe('Bearer realm="sluice"');
      await expectProblem(response, 401, "unauthorized");
    }
  });

  it("answers 403 to a write key", async () => {
    const authorization = `Bearer ${client.writeKey}`;
    await expectProblem(await client.ask(path, parameters, { authorization }), 403, "wrong-scope", {
      detail: "This route needs a read key, this is a write key",
    });
  });

  it("answers 405 to what is not a read", async () => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      const response = await fetch(`${stack.edge_url}/v1/stats/${path}`, { method });
      expect(response.headers.get("allow")).toBe("GET, HEAD");
      await expectProblem(response, 405, "method-not-allowed");
    }
  });

  it("answers 422 naming every parameter that is wrong", async () => {
    const search = { from: "yesterday", to: "2026-03-09", colour: "red" };
    const errors = [
      { pointer: "/colour", detail: expect.stringContaining("Unknown parameter") },
      { pointer: "/from", detail: expect.stringContaining("RFC 3339") },
    ];
    for (const name of ["interval", "steps"]) {
      if (name in parameters) errors.push({ pointer: `/${name}`, detail: `${name} is missing` });
    }
    const response = await client.ask(path, search);
    const problem = await expectProblem(response, 422, "invalid-query");
    const sorted = problem.errors?.toSorted((a, b) => (a.pointer < b.pointer ? -1 : 1));
    expect(sorted).toEqual(errors);
  });

  it("answers 422 to a range that ends before it begins", async () => {
    const turned = { ...parameters, from: RANGE.to, to: RANGE.from };
    await expectProblem(await client.ask(path, turned), 422, "invalid-query", {
      errors: [{ pointer: "/to", detail: "to must be later than from" }],
    });
  });
});

it("a question is answered from the cache the next time, on demand from the store", async () => {
  const query = { interval: "hour", from: "2026-04-05", to: "2026-04-06" };
  const cacheOf = async (headers: Record<string, string>) => {
    const { meta } = (await (await client.ask("events", query, headers)).json()) as Answer;
    return meta.cache;
  };
  expect(await cacheOf({ "cache-control": "max-age=0" })).toBe("miss");
  expect(await cacheOf({ "cache-control": "max-age=0" })).toBe("hit");
  expect(await cacheOf({ "cache-control": "no-cache" })).toBe("miss");
});

it("an answer's ETag changes with its numbers", async () => {
  const query = { interval: "total", from: "2026-04-01", to: "2026-04-02" };
  const before = await client.ask("events", query);
  expect(await before.json()).toMatchObject({ data: [{ value: 0 }] });
  const etag = before.headers.get("etag") ?? "";
  await client.post(createEvent("2026-04-01"));
  await client.waitUntilCounted();
  const after = await client.ask("events", query, { "if-none-match": etag });
  expect(after.status).toBe(200);
  expect(await after.json()).toMatchObject({ data: [{ value: 1 }] });
  expect(after.headers.get("etag")).not.toBe(etag);
});

it("the same question of another project has another ETag", async () => {
  const other = await createStackClient(stack, "reads-2");
  const query = { interval: "total", from: "2026-05-01", to: "2026-05-02" };
  const [mine, theirs] = await Promise.all([
    client.ask("events", query),
    other.ask("events", query),
  ]);
  expect(mine.headers.get("etag")).not.toBe(theirs.headers.get("etag"));
  await Promise.all([mine.arrayBuffer(), theirs.arrayBuffer()]);
});

it("unknown paths are answered with 404", async () => {
  await expectProblem(await client.ask("nonsense", {}), 404, "not-found");
  await expectProblem(await fetch(`${stack.edge_url}/v2/events`), 404, "not-found");
});

it("/openapi.json describes every route that answers", async () => {
  const response = await fetch(`${stack.edge_url}/openapi.json`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  const document = (await response.json()) as { openapi: string; paths: Record<string, object> };
  expect(document.openapi).toMatch(/^3\.1\./);
  const statsPaths = ROUTES.map(([path]) => `/v1/stats/${path}`);
  expect(statsPaths).toHaveLength(Object.keys(STATS_QUERY_SCHEMAS).length);
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(["/v1/events", "/healthz", "/readyz", ...statsPaths]),
  );
  for (const path of Object.keys(document.paths)) {
    const answer = await fetch(`${stack.edge_url}${path}`);
    expect(answer.status, path).not.toBe(404);
    await answer.arrayBuffer();
  }
});

it("/docs is a page", async () => {
  const response = await fetch(`${stack.edge_url}/docs`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toMatch(/^text\/html/);
  const page = await response.text();
  for (const [path] of ROUTES) expect(page).toContain(`/v1/stats/${path}`);
  const style = await fetch(`${stack.edge_url}/docs/style.css`);
  expect(style.headers.get("content-type")).toMatch(/^text\/css/);
  await style.arrayBuffer();
});

it("/healthz answers without a key", async () => {
  const response = await fetch(`${stack.edge_url}/healthz`);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: "ok" });
});

describe("/readyz", () => {
  const readyz = async () => {
    const response = await fetch(`${stack.edge_url}/readyz`);
    const body = (await response.json()) as { status: unknown; parts: Record<string, string> };
    return { response, body };
  };

  it("is ready, naming every part", async () => {
    const { response, body } = await readyz();
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(body).toMatchObject({
      status: "ready",
      parts: { redis: "ok", stream: "ok", outbox: "ok", database: "ok" },
      outbox: { messages: 0, events: 0, bytes: 0, oldest_age_ms: 0 },
    });
  });

  it.each([
    ["redis", "redis", { status: "degraded" }],
    ["nats", "stream", { status: "degraded" }],
    ["database", "database", { status: 503, type: "/problems/not-ready" }],
  ])("names the part that is down when %s does not answer", async (process, part, expected) => {
    await whileStopped(stack, process, async () => {
      const { response, body } = await readyz();
      expect(body.parts[part]).toMatch(/^(no answer|failed)$/);
      for (const [name, state] of Object.entries(body.parts)) {
        if (name !== part) expect(state, name).toBe("ok");
      }
      expect(body).toMatchObject(expected);
      const isReady = expected.status === "degraded";
      expect(response.status).toBe(isReady ? 200 : 503);
      if (!isReady) expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    });
    await poll("a ready edge", async () => (await readyz()).body.status === "ready", 60_000);
  });
});

it("statistics are 504 while the database does not answer, and come back", async () => {
  const query = { interval: "total", from: "2026-06-01", to: "2026-06-02" };
  await whileStopped(stack, "database", async () => {
    const response = await client.ask("events", query);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    await expectProblem(response, 504, "store-timeout", {
      detail: "The database did not answer within 5 s",
    });
    // Posting does not need it.
    expect(await client.post(createEvent("2026-06-01"))).toMatchObject({ accepted: 1 });
  });
  await client.waitUntilCounted();
  expect((await client.read("events", query)).data).toMatchObject([{ value: 1 }]);
});

type Answer = { readonly meta: StatsMeta };

async function expectProblem(
  response: Response,
  status: number,
  slug: string,
  rest: Partial<Problem> = {},
): Promise<Problem> {
  const problem = (await response.json()) as Problem;
  expect(problem).toMatchObject({
    type: `/problems/${slug}`,
    status,
    title: expect.any(String),
    instance: expect.any(String),
    ...rest,
  });
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  return problem;
}

function createEvent(day: string) {
  return {
    event_id: crypto.randomUUID(),
    occurred_at: `${day}T12:00:00.000Z`,
    event_type: "e2e",
    user_id: "user-1",
  };
}
