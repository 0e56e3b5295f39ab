import { describe, expect, it } from "vitest";
import { ADMIN_KEY, createTestApp, post, READ_KEY, sampleEvent, WRITE_KEY } from "./test-app.ts";

const METRICS_TOKEN = "a token for metrics";
const RANGE = "from=2026-05-01&to=2026-05-02";

describe("every answer", () => {
  it.each<[string, number, string, RequestInit?]>([
    ["an accepted event", 202, "/v1/events", post(sampleEvent())],
    ["rejected events", 422, "/v1/events", post([])],
    ["a body that is no JSON", 400, "/v1/events", post("{")],
    ["no key", 401, "/v1/events", { method: "POST" }],
    ["a key of another scope", 403, `/v1/stats/top-events?${RANGE}`, bearer(WRITE_KEY)],
    ["a bad query", 422, "/v1/stats/top-events", bearer(READ_KEY)],
    ["a store that fails", 500, `/v1/stats/top-events?${RANGE}`, bearer(READ_KEY)],
    ["raw rows", 200, "/v1/events", bearer(READ_KEY)],
    ["no worker", 503, "/v1/users/u1", { ...bearer(ADMIN_KEY), method: "DELETE" }],
    ["no such route", 404, "/nothing"],
    ["no such method", 405, "/healthz", { method: "PUT" }],
    ["a preflight", 204, "/v1/events", { method: "OPTIONS" }],
    ["health", 200, "/healthz"],
    ["health without a body", 200, "/healthz", { method: "HEAD" }],
    ["readiness", 200, "/readyz"],
    ["metrics", 200, "/metrics", bearer(METRICS_TOKEN)],
    ["the description", 200, "/openapi.json"],
    ["a style sheet", 200, "/docs/style.css"],
    ["a redirect", 302, "/"],
  ])("has its security headers: %s", async (_name, status, path, init) => {
    const { fetch } = createTestApp({ metricsToken: METRICS_TOKEN });
    const response = await fetch(path, { redirect: "manual", ...init });
    expect(response.status).toBe(status);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "strict-transport-security": "max-age=31536000",
      "x-request-id": expect.any(String),
    });
  });

  it("lets nobody load it from another origin, but for those of the route that is open to all", async () => {
    const { fetch } = createTestApp();
    const policyOf = async (path: string, init?: RequestInit) =>
      (await fetch(path, init)).headers.get("cross-origin-resource-policy");
    expect(await policyOf("/v1/events", post(sampleEvent()))).toBe("cross-origin");
    expect(await policyOf("/v1/events", { method: "POST" })).toBe("cross-origin");
    expect(await policyOf("/v1/events", bearer(READ_KEY))).toBe("same-origin");
    expect(await policyOf("/docs")).toBe("same-origin");
    expect(await policyOf("/nothing")).toBe("same-origin");
  });

  it("speaks of HTTPS only where that was used", async () => {
    const { fetch } = createTestApp();
    for (const path of ["/healthz", "/nothing"]) {
      const response = await fetch(`http://127.0.0.1:8787${path}`);
      expect(response.headers.has("strict-transport-security")).toBe(false);
    }
  });

  it("is kept by nobody, unless its route says so", async () => {
    const { fetch } = createTestApp({ metricsToken: METRICS_TOKEN });
    const cachingOf = async (path: string, init?: RequestInit) =>
      (await fetch(path, init)).headers.get("cache-control");
    for (const [path, init] of [
      ["/v1/events", post(sampleEvent())],
      ["/v1/events", { method: "POST" }],
      ["/v1/events", bearer(READ_KEY)],
      ["/v1/events/00000000-0000-4000-8000-000000000001", bearer(READ_KEY)],
      [`/v1/stats/top-events?${RANGE}`, bearer(READ_KEY)],
      ["/v1/users/u1", { ...bearer(ADMIN_KEY), method: "DELETE" }],
      ["/metrics", bearer(METRICS_TOKEN)],
      ["/metrics", {}],
      ["/healthz", {}],
      ["/readyz", {}],
      ["/nothing", {}],
    ] as const) {
      expect(await cachingOf(path, init), path).toBe("no-store");
    }
    for (const path of ["/docs", "/docs/style.css", "/openapi.json"]) {
      expect(await cachingOf(path)).toBe("public, max-age=300");
    }
  });
});

describe("a page", () => {
  it("has a policy of its own, stricter than what it may load", async () => {
    const { fetch } = createTestApp();
    const { headers } = await fetch("/docs");
    const policy = headers.get("content-security-policy");
    expect(policy).toBe(
      "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(headers.get("permissions-policy")).toContain("geolocation=()");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
  });
});

function bearer(key: string): RequestInit {
  return { headers: { authorization: `Bearer ${key}` } };
}
