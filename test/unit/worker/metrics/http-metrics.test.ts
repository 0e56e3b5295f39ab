import { expect, test } from "vitest";
import { formatExposition } from "../../../../contract/metrics/exposition.ts";
import { createHttpMetrics } from "../../../../worker/metrics/http-metrics.ts";
import { createEngine, post, startServer } from "../http/http-server.ts";

const RANGE = { from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" };

test("startHttpServer() counts questions by their kind, the tiers that were read, and how they ended", async () => {
  const metrics = createHttpMetrics();
  let sources = ["events_hourly"];
  let isAway = false;
  const engine = createEngine({
    async readStats() {
      if (isAway) throw new Error("away");
      return { rows: [], asOf: null, sources };
    },
    countStored: async () => 0,
  });
  const url = await startServer({ metrics, engine });
  const stats = { read: "stats", project_id: "demo", query: { kind: "top_events", ...RANGE } };
  const ask = async (question: object) => {
    const response = await post(`${url}/query`, question);
    await response.text();
    return response.status;
  };
  expect(await ask(stats)).toBe(200);
  sources = ["cold", "events_hourly"];
  expect(await ask(stats)).toBe(200);
  sources = ["cold"];
  expect(await ask(stats)).toBe(200);
  const wanted = [{ event_id: "00000000-0000-4000-8000-000000000000" }];
  expect(await ask({ read: "stored", project_id: "demo", wanted })).toBe(200);
  isAway = true;
  expect(await ask(stats)).toBe(503);
  await fetch(`${url}/some/path`);

  const text = formatExposition(metrics.metrics());
  for (const line of [
    'sluice_worker_query_duration_seconds_count{kind="top_events",source="hot"} 1',
    'sluice_worker_query_duration_seconds_count{kind="top_events",source="both"} 1',
    'sluice_worker_query_duration_seconds_count{kind="top_events",source="cold"} 1',
    'sluice_worker_query_duration_seconds_count{kind="stored",source="untold"} 1',
    'sluice_worker_query_failures_total{reason="store"} 1',
    'sluice_worker_requests_total{route="query",status="2xx"} 4',
    'sluice_worker_requests_total{route="query",status="5xx"} 1',
    'sluice_worker_requests_total{route="other",status="4xx"} 1',
    'sluice_worker_work_running{work="query"} 0',
    'sluice_worker_work_waiting{work="export"} 0',
  ]) {
    expect(text).toContain(`\n${line}\n`);
  }
});

test("startHttpServer() counts erasures with what they removed", async () => {
  const metrics = createHttpMetrics();
  let isAway = false;
  const engine = createEngine({}, async () => {
    if (isAway) throw new Error("away");
    return { erased_at: "2026-01-01T00:00:00Z", removed: { hot: 3, cold: 4 } };
  });
  const url = await startServer({ metrics, engine, removeDeadLetters: async () => 2 });
  const erase = () => post(`${url}/erase`, { project_id: "demo", user_id: "u" });
  expect((await erase()).status).toBe(200);
  isAway = true;
  expect((await erase()).status).toBe(503);
  const text = formatExposition(metrics.metrics());
  expect(text).toContain('\nsluice_worker_erasures_total{outcome="done"} 1\n');
  expect(text).toContain('\nsluice_worker_erasures_total{outcome="failed"} 1\n');
  expect(text).toContain("\nsluice_worker_erased_events_total 9\n");
});
