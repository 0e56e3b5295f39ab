import { afterEach, expect, it, vi } from "vitest";
import { createLogger } from "../../edge/logger.ts";
import { createTracing } from "../../edge/trace/tracing.ts";
import { createTestApp, READ_KEY, WRITE_KEY } from "./test-app.ts";

const TRACEPARENT = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
const SETTINGS = {
  url: "http://collector.test/v1/traces",
  headers: {},
  ratio: 1,
  serviceName: "sluice-edge",
};

afterEach(() => vi.restoreAllMocks());

function post(app: ReturnType<typeof createTestApp>): Promise<Response> {
  return app.fetch("/v1/events", {
    method: "POST",
    headers: {
      authorization: `Bearer ${WRITE_KEY}`,
      "content-type": "application/json",
      traceparent: TRACEPARENT,
    },
    body: JSON.stringify({ event_type: "signup", user_id: "u1" }),
  });
}

it("is off without a collector: no span, no header, no context in the message", async () => {
  const fetch = vi.spyOn(globalThis, "fetch");
  const publish = vi.fn(async () => [{ status: "stored" as const }]);
  const app = createTestApp();
  const deps = { publisher: { ...app.deps.publisher, publish } };
  const response = await post(createTestApp(deps));
  expect(response.status).toBe(202);
  expect(response.headers.has("traceresponse")).toBe(false);
  expect(publish).toHaveBeenCalledWith(
    [expect.not.objectContaining({ trace: expect.anything() })],
    expect.anything(),
  );
  expect(fetch).not.toHaveBeenCalled();
});

it("goes on with the caller's trace, hands it to the message, and is exported after the answer", async () => {
  const bodies: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
    bodies.push(String(init?.body));
    return new Response("{}");
  });
  const publish = vi.fn(async () => [{ status: "stored" as const }]);
  const tracing = createTracing(SETTINGS, createLogger());
  const { deps } = createTestApp();
  const response = await post(
    createTestApp({ tracing, publisher: { ...deps.publisher, publish } }),
  );
  expect(response.headers.get("traceresponse")).toMatch(/^00-a{32}-[0-9a-f]{16}-01$/);
  expect(publish).toHaveBeenCalledWith(
    [
      expect.objectContaining({
        trace: { traceparent: expect.stringMatching(/^00-a{32}-[0-9a-f]{16}-01$/) },
      }),
    ],
    expect.anything(),
  );
  const { spans } = JSON.parse(bodies.join()).resourceSpans[0].scopeSpans[0];
  expect(spans.map(({ name }: { name: string }) => name)).toEqual([
    "redis admit",
    "publish",
    "POST /v1/events",
  ]);
});

it("names a request by its route, never by its path", async () => {
  let body = "";
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
    body = String(init?.body);
    return new Response("{}");
  });
  const app = createTestApp({ tracing: createTracing(SETTINGS, createLogger()) });
  const headers = { authorization: `Bearer ${READ_KEY}` };
  await app.fetch("/v1/users/somebody/events", { headers });
  expect(body).toContain("GET /v1/users/:user_id/events");
  expect(body).not.toContain("somebody");
});

it("lets probes and preflights be", async () => {
  const app = createTestApp({ tracing: createTracing(SETTINGS, createLogger()) });
  expect((await app.fetch("/healthz")).headers.has("traceresponse")).toBe(false);
  const preflight = await app.fetch("/v1/events", {
    method: "OPTIONS",
    headers: { origin: "https://shop.example", "access-control-request-method": "POST" },
  });
  expect(preflight.headers.get("access-control-allow-headers")).toContain("traceparent");
  expect(preflight.headers.has("traceresponse")).toBe(false);
});
