import { describe, expect, it } from "vitest";
import { createTestApp, post, sampleEvent } from "./test-app.ts";

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

  it("is closed elsewhere", async () => {
    const { fetch } = createTestApp();
    const response = await fetch("/healthz", { headers: { origin: "https://shop.example" } });
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });
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
