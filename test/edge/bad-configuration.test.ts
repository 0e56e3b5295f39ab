import { createExecutionContext } from "cloudflare:test";
import { afterEach, expect, it, vi } from "vitest";
import type { Bindings } from "../../edge/bindings.ts";
import edge from "../../edge/index.ts";

afterEach(() => vi.restoreAllMocks());

it("an edge that is wrongly configured answers without its settings, and logs what is wrong with them", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const bindings = { KEY_SECRET: "too-short-a-secret", NATS_URL: "wss://nats.example" };
  for (const path of ["/v1/events", "/healthz", "/docs"]) {
    const request = new Request(`https://edge.test${path}`) as Parameters<typeof edge.fetch>[0];
    const response = await edge.fetch(
      request,
      bindings as unknown as Bindings,
      createExecutionContext(),
    );
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      type: "/problems/internal-error",
      title: "Something went wrong on our side",
      status: 500,
      instance: expect.any(String),
    });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/problem+json",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cache-control": "no-store",
      "strict-transport-security": "max-age=31536000",
    });
  }
  const [line = ""] = log.mock.calls.map(([text]) => String(text));
  expect(JSON.parse(line)).toMatchObject({ level: "error", msg: "the edge cannot start" });
  for (const name of [
    "KEY_SECRET",
    "UPSTASH_REDIS_REST_URL",
    "UPSTASH_REDIS_REST_TOKEN",
    "DATABASE_URL",
  ]) {
    expect(line).toContain(name);
  }
  expect(line).not.toContain(bindings.KEY_SECRET);
});
