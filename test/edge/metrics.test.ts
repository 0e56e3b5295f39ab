import { describe, expect, it } from "vitest";
import type { PublisherReport } from "../../edge/publisher-pool.ts";
import { createTestApp } from "./test-app.ts";

const METRICS_TOKEN = "a token for metrics";
const PUBLISHERS: readonly PublisherReport[] = [
  {
    name: "weur-0",
    status: {
      isReachable: false,
      outbox: { messages: 2, events: 7, bytes: 300, maxBytes: 1_000, oldestAgeMs: 1_500 },
    },
  },
  {
    name: "weur-1",
    status: {
      isReachable: true,
      outbox: { messages: 0, events: 0, bytes: 0, maxBytes: 1_000, oldestAgeMs: 0 },
    },
  },
  { name: "weur-2", status: undefined },
];
const publisher = {
  publish: async () => [],
  ping: async () => {},
  reports: async () => [...PUBLISHERS],
};

/** Every limit is there from the start: a counter that appears with its first 429 hides it from `rate()`. */
const NOTHING_LIMITED = {
  sluice_rate_limited_total: {
    events: 0,
    requests: 0,
    "events-per-day": 0,
    "requests-per-day": 0,
    queries: 0,
    "concurrent-queries": 0,
    "project-gate": 0,
    "refused-keys": 0,
  },
  sluice_rate_limit_unchecked_total: { ingest: 0, queries: 0, gate: 0 },
};

describe("GET /metrics", () => {
  it("tells of each publisher, of the circuit to Redis, and of the list of revoked keys", async () => {
    const { fetch } = createTestApp({
      publisher,
      revocations: {
        isRevoked: () => false,
        status: () => ({ count: 3, ageMs: 12_500, unchecked: 4 }),
      },
      metricsToken: METRICS_TOKEN,
      redisCircuit: { state: "open" },
    });
    const response = await fetch("/metrics", bearer(METRICS_TOKEN));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(parseExposition(await response.text())).toEqual({
      sluice_outbox_messages: { weur0: 2, weur1: 0 },
      sluice_outbox_events: { weur0: 7, weur1: 0 },
      sluice_outbox_bytes: { weur0: 300, weur1: 0 },
      sluice_outbox_max_bytes: { weur0: 1_000, weur1: 1_000 },
      sluice_outbox_oldest_age_seconds: { weur0: 1.5, weur1: 0 },
      sluice_publisher_reachable: { weur0: 0, weur1: 1, weur2: 0 },
      sluice_redis_breaker_state: { "": 2 },
      sluice_revocations: { "": 3 },
      sluice_revocations_age_seconds: { "": 12.5 },
      sluice_revocation_unchecked_total: { "": 4 },
      ...NOTHING_LIMITED,
    });
  });

  it.each([
    ["closed", 0],
    ["half-open", 1],
    ["open", 2],
  ] as const)("tells of a circuit that is %s as %i", async (state, value) => {
    const { fetch } = createTestApp({ metricsToken: METRICS_TOKEN, redisCircuit: { state } });
    const response = await fetch("/metrics", bearer(METRICS_TOKEN));
    expect(parseExposition(await response.text())).toMatchObject({
      sluice_redis_breaker_state: { "": value },
    });
  });

  it("leaves out what it does not know yet", async () => {
    const { fetch } = createTestApp({ metricsToken: METRICS_TOKEN });
    const response = await fetch("/metrics", bearer(METRICS_TOKEN));
    expect(parseExposition(await response.text())).toEqual({
      sluice_redis_breaker_state: { "": 0 },
      sluice_revocations: { "": 0 },
      sluice_revocation_unchecked_total: { "": 0 },
      ...NOTHING_LIMITED,
    });
  });

  it("is 404 where no token is configured", async () => {
    const { fetch } = createTestApp({ publisher });
    const response = await fetch("/metrics", bearer(METRICS_TOKEN));
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ detail: "METRICS_TOKEN is not set" });
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
    const { fetch } = createTestApp({ publisher, metricsToken: METRICS_TOKEN });
    const response = await fetch("/metrics", init);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("Bearer");
    expect(await response.json()).toMatchObject({
      type: "/problems/unauthorized",
      detail: "Send the metrics token as Authorization: Bearer <token>",
    });
  });
});

function twice(token: string): Headers {
  const headers = new Headers({ authorization: `Bearer ${token}` });
  headers.append("authorization", `Bearer ${token}`);
  return headers;
}

function bearer(token: string): RequestInit {
  return { headers: { authorization: `Bearer ${token}` } };
}

/**
 * The values of each metric by its label. Insists on what a Prometheus server does: HELP and TYPE once, before the samples of their
 * metric, names and labels of the permitted characters, numbers, and a line feed at the end.
 */
function parseExposition(text: string): Record<string, Record<string, number>> {
  expect(text.endsWith("\n")).toBe(true);
  const values: Record<string, Record<string, number>> = {};
  const helped = new Set<string>();
  const typed = new Set<string>();
  for (const line of text.slice(0, -1).split("\n")) {
    const [, comment, described = ""] = /^# (HELP|TYPE) (\S+) \S/.exec(line) ?? [];
    if (comment !== undefined) {
      const known = comment === "HELP" ? helped : typed;
      expect(known.has(described), line).toBe(false);
      expect(values, line).not.toHaveProperty(described);
      if (comment === "TYPE") expect(line).toMatch(/ (gauge|counter)$/);
      known.add(described);
      continue;
    }
    const sample = /^([a-z_]+)(?:\{(?:publisher|limit|kind)="([a-z0-9-]+)"\})? (\S+)$/.exec(line);
    const [, name = "", label = "", value] = sample ?? [];
    expect(sample, line).not.toBeNull();
    expect(helped.has(name) && typed.has(name), line).toBe(true);
    expect(Number(value), line).not.toBeNaN();
    values[name] = { ...values[name], [label.replace(/-(?=\d)/, "")]: Number(value) };
  }
  return values;
}
