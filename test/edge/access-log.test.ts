import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createLogger } from "../../edge/logger.ts";
import { createTestApp, READ_KEY } from "./test-app.ts";

let lines: Record<string, unknown>[] = [];

beforeEach(() => {
  lines = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(JSON.parse(line)));
});
afterEach(() => vi.restoreAllMocks());

const headers = { authorization: `Bearer ${READ_KEY}`, "x-request-id": "request-1" };
const PATH = "/v1/users/somebody/events?limit=7";

it("is off by default", async () => {
  const app = createTestApp({ logger: createLogger() });
  expect((await app.fetch(PATH, { headers })).status).toBe(200);
  expect(lines).toEqual([]);
});

it("has a line for each request, without its path, its query or ids", async () => {
  const app = createTestApp({ logger: createLogger(), isAccessLogged: true });
  await app.fetch(PATH, { headers });
  await app.fetch("/nowhere/at/all");
  expect(lines).toEqual([
    {
      level: "info",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      request_id: "request-1",
      project: "demo",
      method: "GET",
      route: "/v1/users/:user_id/events",
      status: 200,
      duration_ms: expect.any(Number),
      msg: "request",
    },
    expect.objectContaining({ status: 404, method: "GET" }),
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/somebody|limit|nowhere/);
});
