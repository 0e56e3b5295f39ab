import { expect, test } from "vitest";
import { gauge } from "../../../../contract/metrics/metric.ts";
import { startServer, TOKEN } from "./http-server.ts";

const METRICS_TOKEN = "token-of-the-metrics";
const collectMetrics = async () => [gauge("a_bytes", "A", 3)];

test.each([METRICS_TOKEN, TOKEN])("GET /metrics answers to %s", async (token) => {
  const url = await startServer({ metricsToken: METRICS_TOKEN, collectMetrics });
  const response = await get(url, `Bearer ${token}`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(await response.text()).toBe("# HELP a_bytes A\n# TYPE a_bytes gauge\na_bytes 3\n");
});

test.each([
  ["nothing", undefined],
  ["an empty token", "Bearer "],
  ["more than the token", `Bearer ${METRICS_TOKEN}x`],
  ["another scheme", METRICS_TOKEN],
])("GET /metrics is 401 with %s", async (_, authorization) => {
  const url = await startServer({ metricsToken: METRICS_TOKEN, collectMetrics });
  const response = await get(url, authorization);
  expect([response.status, response.headers.get("www-authenticate")]).toEqual([
    401,
    'Bearer realm="sluice-worker"',
  ]);
});

test("GET /metrics with the worker's token needs no other, and the other opens nothing else", async () => {
  const own = await startServer({ collectMetrics });
  expect((await get(own, `Bearer ${TOKEN}`)).status).toBe(200);
  expect((await get(own, "Bearer undefined")).status).toBe(401);
  const url = await startServer({ token: undefined, metricsToken: METRICS_TOKEN, collectMetrics });
  expect((await get(url, `Bearer ${METRICS_TOKEN}`)).status).toBe(200);
  const query = await get(url, `Bearer ${METRICS_TOKEN}`, "/dead-letters/demo");
  expect(query.status).toBe(401);
});

test("GET /metrics is 404 without any token, and says why", async () => {
  const url = await startServer({ token: undefined, collectMetrics });
  const response = await get(url, "Bearer undefined");
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({
    detail: "Neither METRICS_TOKEN nor WORKER_TOKEN is set",
  });
});

function get(url: string, authorization: string | undefined, path = "/metrics") {
  return fetch(url + path, authorization === undefined ? {} : { headers: { authorization } });
}
