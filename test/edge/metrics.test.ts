import { beforeEach, describe, expect, it } from "vitest";
import { createKey } from "../../contract/key.ts";
import { createPublisherCounters } from "../../edge/metrics/publisher-counters.ts";
import { createTallySum, type Tally, tallyOf } from "../../edge/metrics/tally.ts";
import { createTallyTeller } from "../../edge/metrics/tally-teller.ts";
import type { PublisherReport } from "../../edge/publish/event-publisher.ts";
import { parseScrape } from "../support/metrics/scrape.ts";
import { createTestApp, post, SECRET, sampleEvent } from "./test-app.ts";

const METRICS_TOKEN = "a token for metrics";

describe("GET /metrics", () => {
  it("tells of each publisher, of the parts, and of what the isolate knows", async () => {
    const { publisher } = createPublishers();
    const { fetch } = createTestApp({
      publisher,
      revocations: {
        isRevoked: () => false,
        status: () => ({ count: 3, ageMs: 12_500, unchecked: 0 }),
      },
      metricsToken: METRICS_TOKEN,
      redisCircuit: { state: "open" },
      pingRedis: () => Promise.reject(new Error("away")),
    });
    const response = await fetch("/metrics", bearer(METRICS_TOKEN));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const scrape = parseScrape(await response.text());
    expect(scrape.byLabel("sluice_outbox_messages")).toEqual({ "weur-0": 2, "weur-1": 0 });
    expect(scrape.byLabel("sluice_outbox_events")).toEqual({ "weur-0": 7, "weur-1": 0 });
    expect(scrape.byLabel("sluice_outbox_bytes")).toEqual({ "weur-0": 300, "weur-1": 0 });
    expect(scrape.byLabel("sluice_outbox_max_bytes")).toEqual({ "weur-0": 1e3, "weur-1": 1e3 });
    expect(scrape.byLabel("sluice_outbox_oldest_age_seconds")).toEqual({
      "weur-0": 1.5,
      "weur-1": 0,
    });
    expect(scrape.byLabel("sluice_publisher_reachable")).toEqual({
      "weur-0": 0,
      "weur-1": 1,
      "weur-2": 0,
    });
    expect(scrape.byLabel("sluice_edge_part_ok")).toEqual({
      redis: 0,
      stream: 0,
      outbox: 0,
      database: 1,
    });
    expect(scrape.value("sluice_edge_ready")).toBe(0);
    expect(scrape.value("sluice_redis_breaker_state")).toBe(2);
    expect(scrape.value("sluice_revocations")).toBe(3);
    expect(scrape.value("sluice_revocations_age_seconds")).toBe(12.5);
    expect(
      scrape.value("sluice_publisher_messages_total", { publisher: "weur-1", outcome: "stored" }),
    ).toBe(1);
    expect(
      scrape.value("sluice_publisher_events_total", { publisher: "weur-1", outcome: "stored" }),
    ).toBe(3);
  });

  it.each([
    ["closed", 0],
    ["half-open", 1],
    ["open", 2],
  ] as const)("tells of a circuit that is %s as %i", async (state, value) => {
    const { fetch } = createTestApp({ metricsToken: METRICS_TOKEN, redisCircuit: { state } });
    const response = await fetch("/metrics", bearer(METRICS_TOKEN));
    expect(parseScrape(await response.text()).value("sluice_redis_breaker_state")).toBe(value);
  });

  it("leaves out what it does not know: without the first publisher no isolate's counts", async () => {
    const publisher = { publish: async () => [], ping: async () => {}, reports: async () => [] };
    const { fetch } = createTestApp({ metricsToken: METRICS_TOKEN, publisher });
    const response = await fetch("/metrics", bearer(METRICS_TOKEN));
    const scrape = parseScrape(await response.text());
    expect([...scrape.metrics.keys()].sort()).toEqual([
      "sluice_edge_part_ok",
      "sluice_edge_ready",
      "sluice_redis_breaker_state",
      "sluice_revocations",
    ]);
  });

  it("is 404 where no token is configured", async () => {
    const { fetch } = createTestApp();
    const response = await fetch("/metrics", bearer(METRICS_TOKEN));
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ detail: "METRICS_TOKEN is not set" });
  });

  it("is of the region that is asked for, or 422 when there is none such", async () => {
    const asked: unknown[] = [];
    const { publisher } = createPublishers();
    const { fetch } = createTestApp({
      metricsToken: METRICS_TOKEN,
      publisher: {
        ...publisher,
        async reports(origin) {
          asked.push(origin);
          return [];
        },
      },
    });
    const response = await fetch("/metrics?region=apac", bearer(METRICS_TOKEN));
    expect([response.status, asked]).toEqual([200, [{ continent: "AS" }]]);
    const wrong = await fetch("/metrics?region=mars", bearer(METRICS_TOKEN));
    expect(wrong.status).toBe(422);
    expect(await wrong.json()).toMatchObject({
      errors: [
        { pointer: "/region", detail: "region is none of weur, enam, wnam, sam, apac, oc, afr" },
      ],
    });
  });

  it.each([
    ["no token", {}],
    ["another token", bearer("another token, longer")],
    ["a part of the token", bearer(METRICS_TOKEN.slice(0, -1))],
    ["more than the token", bearer(`${METRICS_TOKEN}x`)],
    ["the token twice", { headers: twice(METRICS_TOKEN) }],
    ["an empty token", bearer("")],
    ["another scheme", { headers: { authorization: METRICS_TOKEN } }],
  ])("is 401 with %s, and says what to send", async (_, init) => {
    const { fetch } = createTestApp({ metricsToken: METRICS_TOKEN });
    const response = await fetch("/metrics", init);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("Bearer");
    expect(await response.json()).toMatchObject({
      type: "/problems/unauthorized",
      detail: "Send the metrics token as Authorization: Bearer <token>",
    });
  });
});

describe("what is counted", () => {
  let region: ReturnType<typeof createRegion>;
  beforeEach(() => {
    region = createRegion();
  });

  it("is each event as its sender was told, once, whichever isolates it met", async () => {
    const [one, other] = [region.isolate(), region.isolate()];
    // Six of which one is bad and one is there twice.
    const events = [0, 1, 2, 3].map(sampleEvent);
    const body = [...events, sampleEvent(0), { event_type: "signup" }];
    expect((await one.fetch("/v1/events", post(body))).status).toBe(202);
    expect((await other.fetch("/v1/events", post([sampleEvent(4)]))).status).toBe(202);
    // One that Redis has seen, one that the stream has.
    one.app.seen.add(`demo:${sampleEvent(1).event_id}`);
    expect((await one.fetch("/v1/events", post(events.slice(1, 2)))).status).toBe(202);
    expect((await other.fetch("/v1/events", post([sampleEvent(4)]))).status).toBe(202);
    expect((await other.fetch("/v1/events", post([{}, { event_id: 1 }]))).status).toBe(422);

    await one.tell();
    const scrape = await region.scrape(other);
    expect(scrape.byLabel("sluice_edge_events_total")).toEqual({
      accepted: 5,
      duplicate: 3,
      rejected: 3,
    });
    expect(scrape.byLabel("sluice_edge_dedupe_hits_total")).toEqual({
      redis: 2,
      stream: 0,
      request: 1,
    });
    const codes = scrape.byLabel("sluice_edge_event_rejections_total");
    expect(Object.values(codes).reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(scrape.value("sluice_edge_requests_total", { route: "ingest", status: "2xx" })).toBe(4);
    expect(scrape.value("sluice_edge_requests_total", { route: "ingest", status: "4xx" })).toBe(1);
    expect(scrape.value("sluice_edge_request_duration_seconds_count", { route: "ingest" })).toBe(5);
    // A second look counts nothing again, and the first look.
    await other.tell();
    const again = await region.scrape(one);
    expect(again.byLabel("sluice_edge_events_total")).toEqual(
      scrape.byLabel("sluice_edge_events_total"),
    );
    expect(again.value("sluice_edge_requests_total", { route: "metrics", status: "2xx" })).toBe(1);
  });

  it("is told later while the publisher does not answer", async () => {
    const isolate = region.isolate();
    await isolate.fetch("/v1/events", post([sampleEvent()]));
    region.isAway = true;
    await isolate.tell();
    region.isAway = false;
    await isolate.fetch("/healthz");
    const scrape = await region.scrape(isolate);
    expect(scrape.byLabel("sluice_edge_events_total")).toMatchObject({ accepted: 1 });
    expect(scrape.value("sluice_edge_requests_total", { route: "health", status: "2xx" })).toBe(1);
  });

  it("never has a label of what clients choose: a thousand odd requests make no series more", async () => {
    const isolate = region.isolate();
    const before = seriesOf(await region.scrape(isolate));
    for (let index = 0; index < 1_000; index += 1) {
      const text = `odd-${index}-"\\{}`;
      await isolate.fetch(`/v1/${encodeURIComponent(text)}?project=${index}`, {
        method: ["GET", "PUT", "PATCH", "OPTIONS"][index % 4] ?? "GET",
        headers: { authorization: `Bearer ${text}`, "x-request-id": `odd-${index}` },
      });
      if (index % 20 > 0) continue;
      const projectId = `odd-${index}`;
      const authorization = `Bearer ${createKey({ scope: "w", projectId, kid: "odd" }, SECRET)}`;
      const events = Array.from({ length: 20 }, (_, place) => ({
        ...sampleEvent(index + place),
        event_type: `${text} ${place}`,
        user_id: `${text} ${place}`,
      }));
      await isolate.fetch("/v1/events", post([...events, { [text]: 1 }], { authorization }));
      await isolate.fetch(`/v1/users/${encodeURIComponent(text)}/events`);
    }
    const scrape = await region.scrape(isolate);
    expect(seriesOf(scrape)).toEqual(before);
    expect(before.length).toBeLessThan(1_000);
    expect(scrape.text).not.toMatch(/odd|demo/);
    const others = { route: "other", status: "4xx" };
    expect(scrape.value("sluice_edge_requests_total", others)).toBe(1_000);
    expect(scrape.byLabel("sluice_edge_events_total")).toMatchObject({ accepted: 1_000 });
  });
});

/** Isolates that tell one publisher, as in a region. */
function createRegion() {
  const told = createTallySum();
  const state = { isAway: false };
  const publisher = {
    publish: async () => [],
    ping: async () => {},
    reports: async (): Promise<PublisherReport[]> => [
      { name: "weur-0", status: { isReachable: true, outbox: EMPTY, counts: told.total } },
    ],
  };
  return {
    set isAway(isAway: boolean) {
      state.isAway = isAway;
    },
    isolate() {
      const base = createTestApp();
      const tell = async (tally: Tally) => {
        if (state.isAway) throw new Error("away");
        told.add(tally);
      };
      const tallies = createTallyTeller({
        read: base.deps.counters.metrics,
        tell,
        clock: () => Number.POSITIVE_INFINITY,
        delay: async () => {},
      });
      const scraped = {
        ...base.deps.publisher,
        ...publisher,
        publish: base.deps.publisher.publish,
      };
      const overrides = { ...base.deps, metricsToken: METRICS_TOKEN, publisher: scraped };
      const app = createTestApp({ ...overrides, tallies: { soon() {}, now: tallies.now } });
      return { app: base, fetch: app.fetch, tell: () => tallies.now({}) };
    },
    async scrape({ fetch }: { fetch: ReturnType<typeof createTestApp>["fetch"] }) {
      const response = await fetch("/metrics", bearer(METRICS_TOKEN));
      expect(response.status).toBe(200);
      return parseScrape(await response.text());
    },
  };
}

const EMPTY = { messages: 0, events: 0, bytes: 0, maxBytes: 1_000, oldestAgeMs: 0 };

function createPublishers() {
  const counters = createPublisherCounters();
  counters.count({ events: 3 }, "stored", 0.004);
  const reports: PublisherReport[] = [
    {
      name: "weur-0",
      status: {
        isReachable: false,
        outbox: { messages: 2, events: 7, bytes: 300, maxBytes: 1_000, oldestAgeMs: 1_500 },
        counts: {},
      },
    },
    {
      name: "weur-1",
      status: { isReachable: true, outbox: EMPTY, counts: tallyOf(counters.metrics()) },
    },
    { name: "weur-2", status: undefined },
  ];
  const publisher = {
    publish: async () => [],
    ping: async () => {},
    reports: async () => [...reports],
  };
  return { publisher };
}

function twice(token: string): Headers {
  const headers = new Headers({ authorization: `Bearer ${token}` });
  headers.append("authorization", `Bearer ${token}`);
  return headers;
}

function bearer(token: string): RequestInit {
  return { headers: { authorization: `Bearer ${token}` } };
}

function seriesOf({ text }: { readonly text: string }): string[] {
  return text.split("\n").map((line) => line.slice(0, line.lastIndexOf(" ")));
}
