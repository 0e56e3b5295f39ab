import { describe, expect, it } from "vitest";
import { createOpenApiDocument } from "../../edge/openapi/document.ts";
import { ADMIN_KEY, createTestApp, post, READ_KEY, sampleEvent, WRITE_KEY } from "./test-app.ts";

describe("CORS", () => {
  it("lets any page post events, without credentials", async () => {
    const { fetch } = createTestApp();
    const preflight = await fetch("/v1/events", {
      method: "OPTIONS",
      headers: {
        origin: "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
    expect(preflight.headers.get("access-control-allow-headers")).toContain("authorization");
    expect(preflight.headers.get("access-control-max-age")).toBe("86400");

    const response = await fetch(
      "/v1/events",
      post(sampleEvent(), { origin: "https://shop.example" }),
    );
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    const exposed = response.headers.get("access-control-expose-headers");
    expect(exposed).toContain("retry-after");
    expect(exposed).toContain("sluice-degraded");
  });

  it("lets a page read why it was refused", async () => {
    const { fetch } = createTestApp();
    const response = await fetch("/v1/events", {
      method: "POST",
      headers: { origin: "https://shop.example" },
    });
    expect(response.status).toBe(401);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });

  it("answers alike whoever asks, so that a cache need not tell origins apart", async () => {
    const { fetch } = createTestApp();
    for (const origin of ["https://shop.example", "https://evil.example", "null", undefined]) {
      const headers = origin === undefined ? {} : { origin };
      const response = await fetch("/v1/events", post(sampleEvent(), headers));
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
      expect(response.headers.get("vary") ?? "").not.toMatch(/origin/i);
    }
  });
});

/** Every operation but the one that is open. */
const closed = Object.entries<object>({
  ...createOpenApiDocument().paths,
  "/docs/style.css": { get: {} },
})
  .flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => [method.toUpperCase(), path] as const),
  )
  .filter(([method, path]) => `${method} ${path}` !== "POST /v1/events");

describe("CORS of other routes", () => {
  it.each(closed)("is closed: %s %s", async (method, path) => {
    const { fetch } = createTestApp();
    for (const key of [READ_KEY, ADMIN_KEY]) {
      const headers = { origin: "https://shop.example", authorization: `Bearer ${key}` };
      expectClosed(await fetch(path, { method, headers, redirect: "manual" }));
    }
  });

  it.each(closed.filter(([, path]) => path !== "/v1/events"))(
    "refuses a preflight: %s %s",
    async (method, path) => {
      const { fetch } = createTestApp();
      const headers = {
        origin: "https://shop.example",
        "access-control-request-method": method,
        "access-control-request-headers": "authorization",
      };
      const response = await fetch(path, { method: "OPTIONS", headers });
      expect(response.status).toBe(405);
      expectClosed(response);
    },
  );

  it("of the open path permits no other method", async () => {
    const { fetch } = createTestApp();
    const headers = { origin: "https://shop.example", "access-control-request-method": "GET" };
    const response = await fetch("/v1/events", { method: "OPTIONS", headers });
    expect(response.headers.get("access-control-allow-methods")).toBe("POST");
  });

  it.each(["/nothing", "/v1/events/", "/v1/Events", "/v1//events", "//v1/events"])(
    "is closed where there is no route: %s",
    async (path) => {
      const { fetch } = createTestApp();
      for (const method of ["OPTIONS", "GET", "POST"]) {
        const headers = { origin: "https://shop.example", authorization: `Bearer ${WRITE_KEY}` };
        const response = await fetch(`https://edge.test${path}`, { method, headers });
        expect(response.status).toBe(404);
        expectClosed(response);
      }
    },
  );

  function expectClosed({ headers }: Response): void {
    expect([...headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  }
});

describe("Request ids", () => {
  it("takes the client's, if it is harmless", async () => {
    const { fetch } = createTestApp();
    const response = await fetch("/healthz", { headers: { "x-request-id": "abc-1" } });
    expect(response.headers.get("x-request-id")).toBe("abc-1");
  });

  it.each(["", "a b", "x".repeat(300), "<script>"])("makes one instead of %j", async (id) => {
    const { fetch } = createTestApp();
    const response = await fetch("/healthz", { headers: { "x-request-id": id } });
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });
});
