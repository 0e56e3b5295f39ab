import { describe, expect, it } from "vitest";
import type { AppDeps } from "../../edge/app.ts";
import type { LimitState, ProjectLimits } from "../../edge/limits/rate-limit.ts";
import type { MemoryAnswer } from "../../edge/redis/event-memory.ts";
import { createTestApp, LIMITS, NOW_MS, post, sampleEvent, WRITE_KEY } from "./test-app.ts";

const METRICS_TOKEN = "a token for metrics";

/** What each limit says of a request that none of them refuses. */
const EVENTS = state({ name: "events", unit: "events", quota: 100, windowSeconds: 2 });
const REQUESTS = state({ name: "requests", unit: "requests", quota: 60, windowSeconds: 2 });
const DAY = { quota: 1_000, windowSeconds: 86_400, resetMs: 43_200_000 };
const EVENTS_PER_DAY = state({ name: "events-per-day", unit: "events", ...DAY });
const REQUESTS_PER_DAY = state({ name: "requests-per-day", unit: "requests", ...DAY });

function state(own: Partial<LimitState> & Pick<LimitState, "name" | "unit">): LimitState {
  const rest = { quota: 10, windowSeconds: 1, remaining: 3, resetMs: 1_900, isExceeded: false };
  return { ...rest, ...own };
}

function createLimitedApp(answers: readonly MemoryAnswer[], overrides: Partial<AppDeps> = {}) {
  let asked = 0;
  const app = createTestApp({
    metricsToken: METRICS_TOKEN,
    memory: {
      admit: async () => {
        const answer = answers[Math.min(asked, answers.length - 1)];
        asked += 1;
        return answer ?? { rateLimit: undefined, seenIds: new Set() };
      },
      markSeen: async () => {},
      isSeen: async () => false,
    },
    ...overrides,
  });
  return {
    ...app,
    asked: () => asked,
    async metrics(): Promise<string> {
      const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
      return (await app.fetch("/metrics", { headers })).text();
    },
  };
}

function decided(...rateLimit: LimitState[]): MemoryAnswer {
  return { rateLimit, seenIds: new Set() };
}

describe("POST /v1/events tells the project's limits", () => {
  it("of every policy, in both headers", async () => {
    const { fetch } = createLimitedApp([decided(EVENTS, REQUESTS, EVENTS_PER_DAY)]);
    const { status, headers } = await fetch("/v1/events", post(sampleEvent()));
    expect(status).toBe(202);
    expect(headers.get("ratelimit-policy")).toBe(
      '"events";q=100;w=2;qu="events", "requests";q=60;w=2;qu="requests", "events-per-day";q=1000;w=86400;qu="events"',
    );
    expect(headers.get("ratelimit")).toBe(
      '"events";r=3;t=2, "requests";r=3;t=2, "events-per-day";r=3;t=43200',
    );
    expect(headers.get("sluice-degraded")).toBeNull();
  });

  it("or that Redis did not answer, which is counted", async () => {
    const { fetch, metrics } = createLimitedApp([{ rateLimit: undefined, seenIds: new Set() }]);
    const { status, headers } = await fetch("/v1/events", post(sampleEvent()));
    expect([status, headers.get("sluice-degraded")]).toEqual([202, "redis"]);
    expect([headers.get("ratelimit"), headers.get("ratelimit-policy")]).toEqual([null, null]);
    expect(await metrics()).toContain('sluice_rate_limit_unchecked_total{kind="ingest"} 1\n');
  });
});

describe("POST /v1/events while Redis does not answer", () => {
  it("is limited by the isolate alone: who is within the limits passes, a flood does not", async () => {
    let nowMs = NOW_MS;
    const limits: ProjectLimits = {
      ...LIMITS,
      events: { perSecond: 5, burst: 7 },
      requests: { perSecond: 2, burst: 3 },
    };
    const app = createLimitedApp([{ rateLimit: undefined, seenIds: new Set() }], {
      now: () => nowMs,
      limitsOf: () => limits,
    });
    const send = async (count: number) => {
      const events = Array.from({ length: count }, (_, index) => sampleEvent(index));
      return app.fetch("/v1/events", post(events));
    };
    expect((await send(6)).status).toBe(202);
    const tooMany = await send(2);
    expect(await tooMany.json()).toMatchObject({ "violated-policies": ["events"] });
    expect(tooMany.headers.get("ratelimit")).toBe('"events";r=1;t=1, "requests";r=2;t=1');
    expect((await send(1)).status).toBe(202);
    nowMs += 1_000;
    for (let index = 0; index < 3; index += 1) expect((await send(1)).status).toBe(202);
    const tooOften = await send(1);
    expect(await tooOften.json()).toMatchObject({ "violated-policies": ["requests"] });
    expect(tooOften.headers.get("retry-after")).toBe("1");
    // The next one is refused before its body is read.
    expect((await app.fetch("/v1/events", post("{ no JSON"))).status).toBe(429);
    expect(app.asked()).toBe(7);
    expect(await app.metrics()).toContain('sluice_rate_limit_unchecked_total{kind="ingest"} 5\n');
  });
});

describe("POST /v1/events answers 429", () => {
  const REFUSALS: readonly [string, LimitState[], string, string, string][] = [
    [
      "too many events",
      [{ ...EVENTS, isExceeded: true }, REQUESTS],
      "rate-limited",
      "2",
      "The project's limit of 100 events in 2 s is exceeded; nothing of this request was stored. Send the same body again later",
    ],
    [
      "too many requests, for a second at least",
      [EVENTS, { ...REQUESTS, resetMs: 30, isExceeded: true }],
      "rate-limited",
      "1",
      "The project's limit of 60 requests in 2 s is exceeded; nothing of this request was stored. Send the same body again later",
    ],
    [
      "the day's events being used up",
      [EVENTS, REQUESTS, { ...EVENTS_PER_DAY, isExceeded: true }, REQUESTS_PER_DAY],
      "quota-exceeded",
      "43200",
      "The project's quota of 1000 events a day is used up until midnight UTC; nothing of this request was stored. Send the same body again later",
    ],
    [
      "the day's requests being used up, as the longer wait of two",
      [EVENTS, { ...REQUESTS, isExceeded: true }, { ...REQUESTS_PER_DAY, isExceeded: true }],
      "quota-exceeded",
      "43200",
      "The project's quota of 1000 requests a day is used up until midnight UTC; nothing of this request was stored. Send the same body again later",
    ],
  ];
  it.each(REFUSALS)("for %s", async (_, limits, slug, retryAfter, detail) => {
    const { fetch, published, metrics } = createLimitedApp([decided(...limits)]);
    const response = await fetch("/v1/events", post(sampleEvent()));
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe(retryAfter);
    expect(response.headers.get("ratelimit")).toContain('"events";r=3;t=2, "requests";r=3;t=');
    const exceeded = limits.filter(({ isExceeded }) => isExceeded).map(({ name }) => name);
    expect(await response.json()).toMatchObject({
      type: `/problems/${slug}`,
      status: 429,
      detail,
      "violated-policies": expect.arrayContaining(exceeded),
    });
    expect(published()).toEqual([]);
    for (const name of exceeded) {
      expect(await metrics()).toContain(`sluice_rate_limited_total{limit="${name}"} 1\n`);
    }
  });
});

describe("POST /v1/events refuses early", () => {
  const refused = decided(EVENTS, { ...REQUESTS, resetMs: 201, isExceeded: true });

  it("whom Redis refused a request, until the time it told: no body is read, Redis is not asked", async () => {
    let nowMs = NOW_MS;
    const app = createLimitedApp([refused, decided(EVENTS, REQUESTS)], { now: () => nowMs });
    expect((await app.fetch("/v1/events", post(sampleEvent()))).status).toBe(429);
    nowMs += 199;
    const early = await app.fetch("/v1/events?wait=nonsense", post("{ no JSON"));
    expect(early.status).toBe(429);
    expect(early.headers.get("retry-after")).toBe("1");
    expect(early.headers.get("ratelimit-policy")).toContain('"requests";q=60');
    expect(await early.json()).toMatchObject({
      type: "/problems/rate-limited",
      "violated-policies": ["requests"],
    });
    expect(app.asked()).toBe(1);
    expect(await app.metrics()).toContain('sluice_rate_limited_total{limit="requests"} 2\n');
    nowMs += 1;
    expect((await app.fetch("/v1/events", post(sampleEvent()))).status).toBe(202);
    expect(app.asked()).toBe(2);
  });

  it("before it says what is wrong with a request, and after it says what is wrong with a key", async () => {
    const app = createLimitedApp([refused]);
    await app.fetch("/v1/events", post(sampleEvent()));
    const forged = { authorization: `Bearer ${WRITE_KEY.slice(0, -1)}0` };
    expect((await app.fetch("/v1/events", post(sampleEvent(), forged))).status).toBe(401);
    expect((await app.fetch("/v1/events", post("", { "idempotency-key": "a b" }))).status).toBe(
      429,
    );
  });

  it("not those who sent too many events: fewer may pass", async () => {
    const tooMany = decided({ ...EVENTS, isExceeded: true }, REQUESTS);
    const app = createLimitedApp([tooMany, decided(EVENTS, REQUESTS)]);
    expect((await app.fetch("/v1/events", post(sampleEvent()))).status).toBe(429);
    expect((await app.fetch("/v1/events", post(sampleEvent()))).status).toBe(202);
  });
});
