import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeEnvelope, encodeEvent } from "../../contract/envelope.ts";
import { OPERATOR_INBOX } from "../../contract/stream.ts";
import type { Secrets } from "../../local/secrets.ts";
import { readAlertRules } from "../support/metrics/alert-rules.ts";
import { PROMTOOL, runPromtool } from "../support/metrics/promtool.ts";
import { parseScrape, type Scrape } from "../support/metrics/scrape.ts";
import { poll } from "../support/poll.ts";
import { type StackService, startStack } from "../support/stack.ts";
import { createStackClient, type StackClient } from "../support/stack-client.ts";
import { makeTempDir, type TempDir } from "../support/temp-dir.ts";
import { isThorough } from "../support/thoroughness.ts";

const DAY_MS = 86_400_000;

describe.each(isThorough ? ["workerd", "node"] : ["workerd"])(
  "GET /metrics of a stack with an edge on %s",
  (runtime) => {
    let cold: TempDir;
    let stack: StackService;
    let client: StackClient;
    let token: string;

    beforeAll(async () => {
      cold = await makeTempDir("metrics-cold");
      stack = await startStack({
        args: ["--edge", runtime],
        env: { COLD_URL: `file://${cold.path}`, ARCHIVE_EVERY_MS: "1000" },
      });
      client = await createStackClient(stack, "counted");
      const secrets = await readFile(join(stack.dataDir, "secrets.json"), "utf8");
      token = (JSON.parse(secrets) as Secrets).metricsToken;
    });
    afterAll(async () => {
      await stack?.stop();
      await cold?.remove();
    });

    async function scrape(url: string): Promise<Scrape> {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${url}/metrics`, { headers });
      expect(response.status).toBe(200);
      return parseScrape(await response.text());
    }

    it("counts what really happened to each event", async () => {
      const good = Array.from({ length: 40 }, () => createEvent());
      const bad = [
        { event_type: "" },
        { user_id: "u" },
        "no event",
        { ...createEvent(), extra: 1 },
      ];
      const old = createEvent(Date.now() - 60 * DAY_MS);
      const twice = good.slice(0, 3);
      const body = [...good, ...bad, ...twice, old];
      expect(await client.post(body)).toMatchObject({ accepted: 41, duplicate: 3, rejected: 4 });
      // Redis or the stream knows them, whichever is told first.
      expect(await client.post(body)).toMatchObject({ accepted: 0, duplicate: 44, rejected: 4 });
      expect((await client.send("[{}]")).status).toBe(422);
      expect((await client.send("[")).status).toBe(400);
      await publishBeside(stack, "counted");
      await client.waitUntilCounted();

      const worker = await poll("all events settled", async () => {
        const now = await scrape(stack.worker_url);
        return now.sum("sluice_worker_settlements_total") >= 3 && now;
      });
      const edge = await scrape(stack.edge_url);
      expect(edge.byLabel("sluice_edge_events_total")).toEqual({
        accepted: 41,
        duplicate: 47,
        rejected: 9,
      });
      expect(edge.sum("sluice_edge_event_rejections_total")).toBe(9);
      expect(edge.sum("sluice_edge_dedupe_hits_total")).toBe(47);
      expect(edge.value("sluice_edge_dedupe_hits_total", { found_by: "request" })).toBe(6);
      const ingest = { route: "ingest" };
      expect(edge.value("sluice_edge_requests_total", { ...ingest, status: "2xx" })).toBe(2);
      expect(edge.value("sluice_edge_requests_total", { ...ingest, status: "4xx" })).toBe(2);
      expect(edge.value("sluice_edge_request_duration_seconds_count", ingest)).toBe(4);
      expect(edge.sum("sluice_publisher_events_total", { outcome: "stored" })).toBe(41);
      expect(edge.sum("sluice_publisher_publish_duration_seconds_count")).toBe(
        edge.sum("sluice_publisher_messages_total"),
      );

      // Those of the edge, and the one that stood beside what nobody can store.
      const live = { intake: "live" };
      const events = "sluice_worker_events_total";
      expect(worker.value(events, { ...live, outcome: "stored" })).toBe(42);
      expect(worker.value(events, { ...live, outcome: "duplicate" })).toBe(0);
      expect(worker.value(events, { ...live, outcome: "dead" })).toBe(2);
      expect(worker.value("sluice_worker_settlements_total", { ...live, settlement: "term" })).toBe(
        1,
      );
      expect(worker.value("sluice_worker_settlements_total", { ...live, settlement: "nak" })).toBe(
        0,
      );
      expect(worker.sum("sluice_worker_settlements_total")).toBe(
        worker.sum("sluice_worker_deliveries_total"),
      );
      expect(worker.sum("sluice_worker_batch_rows_sum")).toBe(42);
      expect(worker.value("sluice_stream_messages", { stream: "EVENTS_DEAD" })).toBe(2);
      expect(worker.value("sluice_stream_lag_messages")).toBe(0);
      expect(worker.value("sluice_worker_in_flight_bytes")).toBe(0);
      expect(worker.value("sluice_freshness_seconds")).toBeLessThan(60);
      const range = { interval: "total", from: "2020-01-01", to: "2030-01-01" };
      expect((await client.read("events", range)).data).toMatchObject([{ value: 42 }]);
    });

    it("counts what was read, exported, archived and erased", async () => {
      const before = await scrape(stack.edge_url);
      const query = `${stack.edge_url}/v1/stats/top-events?from=2024-01-01&to=2024-01-03`;
      const reads = { authorization: `Bearer ${client.readKey}` };
      for (let time = 0; time < 3; time += 1) {
        expect((await fetch(query, { headers: reads })).status).toBe(200);
      }
      const exported = `${stack.edge_url}/v1/export?from=2020-01-01&to=2030-01-01`;
      expect(
        (await (await fetch(exported, { headers: reads })).text()).trim().split("\n"),
      ).toHaveLength(42);
      const archived = await poll("an archived event", async () => {
        const now = await scrape(stack.worker_url);
        return now.value("sluice_archived_events_total") === 1 && now;
      });
      expect(archived.value("sluice_archive_floor_timestamp_seconds")).toBeGreaterThan(
        (Date.now() - 60 * DAY_MS) / 1_000,
      );
      expect(archived.value("sluice_archived_bytes_total")).toBeGreaterThan(0);
      const erased = await fetch(`${stack.edge_url}/v1/users/user-of-metrics`, {
        method: "DELETE",
        headers: { authorization: `Bearer ${client.adminKey}` },
      });
      expect(erased.status).toBe(200);

      const [edge, worker] = [await scrape(stack.edge_url), await scrape(stack.worker_url)];
      const grown = (use: string) =>
        edge.sum("sluice_edge_cache_answers_total", { use }) -
        before.sum("sluice_edge_cache_answers_total", { use });
      expect([grown("miss"), grown("hit"), grown("stale")]).toEqual([1, 2, 0]);
      expect(
        edge.sum("sluice_edge_query_duration_seconds_count", { kind: "top_events" }),
      ).toBeGreaterThan(0);
      expect(edge.sum("sluice_edge_query_failures_total")).toBe(0);
      expect(worker.value("sluice_worker_exports_total", { outcome: "complete" })).toBe(1);
      expect(worker.value("sluice_worker_erasures_total", { outcome: "done" })).toBe(1);
      // One of both dead letters tells whose it is.
      expect(worker.value("sluice_worker_erased_events_total")).toBe(43);
    });

    it("has every metric that the dashboard and the alerts use, and one that docs/metrics.md describes", async () => {
      const scrapes = [await scrape(stack.edge_url), await scrape(stack.worker_url)];
      const known = new Map(scrapes.flatMap(({ metrics }) => [...metrics]));
      const base = (name: string) =>
        known.has(name) ? name : name.replace(/_(bucket|sum|count)$/, "");
      const used = [...readPanelQueries(), ...readAlertRules().map(({ expr }) => expr)].flatMap(
        (query) => query.match(/\b(sluice|process|nodejs)_[a-z0-9_]+/g) ?? [],
      );
      expect(new Set(used).size).toBeGreaterThan(60);
      expect([...new Set(used)].filter((name) => !known.has(base(name)))).toEqual([]);

      const docs = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");
      const rows = docs.split("\n").filter((line) => /^\| `(sluice|process|nodejs)_/.test(line));
      const expected = [...known].map(([name, { type, labels, help }]) => {
        const names = labels.map((label) => ` \`${label}\``).join(",");
        return `| \`${name}\` | ${type} |${names} | ${help} |`;
      });
      expect(rows.sort()).toEqual(expected.sort());
    });

    it.skipIf(PROMTOOL === undefined)("is as promtool wants it", async () => {
      for (const url of [stack.edge_url, stack.worker_url]) {
        const { text } = await scrape(url);
        expect(runPromtool(["check", "metrics"], text)).toBe("");
      }
    });
  },
);

function createEvent(occurredAtMs = Date.now()) {
  return {
    event_id: randomUUID(),
    event_type: "metric",
    user_id: "user-of-metrics",
    occurred_at: new Date(occurredAtMs).toISOString(),
    properties: {},
  };
}

/** A message that nobody can read, and one with an event that nobody can store beside one that can be. */
async function publishBeside(stack: StackService, projectId: string): Promise<void> {
  const { username, password, host } = new URL(stack.nats_url);
  const nats = await connect({
    servers: host,
    user: username,
    pass: password,
    inboxPrefix: OPERATOR_INBOX,
  });
  try {
    const subject = `events.${projectId}`;
    const header = { received_at: new Date().toISOString(), request_id: "metrics" };
    const events = [createEvent(), { ...createEvent(), event_type: "NUL \0" }].map(encodeEvent);
    await nats.request(subject, "no envelope");
    await nats.request(subject, encodeEnvelope(header, events));
  } finally {
    await nats.close();
  }
}

function readPanelQueries(): string[] {
  const file = new URL("../../deploy/grafana/sluice.json", import.meta.url);
  const { panels } = JSON.parse(readFileSync(file, "utf8")) as {
    panels: { targets?: { expr: string }[] }[];
  };
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}
