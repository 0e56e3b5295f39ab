import { describe, expect, it } from "vitest";
import type { PublisherReport } from "../../edge/publish/event-publisher.ts";
import { createTestApp } from "./test-app.ts";

const HOLDING: PublisherReport = {
  name: "weur-0",
  status: {
    isReachable: false,
    outbox: { messages: 2, events: 7, bytes: 300, maxBytes: 1_000, oldestAgeMs: 1_500 },
    counts: {},
  },
};
const publisher = {
  publish: async () => [],
  ping: async () => {},
  reports: async () => [HOLDING],
};
const away = async () => {
  throw new Error("10.0.0.1 refused");
};

describe("GET /healthz", () => {
  it("is 200 whatever stands behind the edge", async () => {
    const { fetch } = createTestApp({ pingRedis: away, pingDatabase: away });
    const response = await fetch("/healthz");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok" });
  });
});

describe("GET /readyz", () => {
  it("is 200 and ready when all answer", async () => {
    const { fetch } = createTestApp();
    const response = await fetch("/readyz");
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      status: "ready",
      parts: { redis: "ok", stream: "ok", outbox: "ok", database: "ok" },
      outbox: { messages: 0, events: 0, bytes: 0, oldest_age_ms: 0 },
    });
  });

  it("is 200 and degraded while events are accepted but something is missing", async () => {
    const { fetch } = createTestApp({ publisher, pingRedis: away });
    const response = await fetch("/readyz");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: "degraded",
      parts: { redis: "failed", stream: "failed", outbox: "in use", database: "ok" },
      outbox: { messages: 2, events: 7, bytes: 300, oldest_age_ms: 1_500 },
    });
  });

  it("is a problem when the database is away: names the parts, without their reasons", async () => {
    const { fetch } = createTestApp({ publisher, pingDatabase: away });
    const response = await fetch("/readyz");
    expect(response.status).toBe(503);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      type: "/problems/not-ready",
      status: 503,
      parts: { redis: "ok", stream: "failed", outbox: "in use", database: "failed" },
      outbox: { messages: 2, events: 7, bytes: 300, oldest_age_ms: 1_500 },
    });
    expect(text).not.toContain("10.0.0.1");
  });

  it("says so when a part gives no answer", async () => {
    const { fetch } = createTestApp({ pingRedis: () => new Promise(() => {}) });
    const response = await fetch("/readyz");
    expect(await response.json()).toMatchObject({
      status: "degraded",
      parts: { redis: "no answer" },
    });
  });
});
