import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { deadLetterSubject } from "../../../contract/dead-letter.ts";
import type { Event } from "../../../contract/event.ts";
import { EXPORT_FORMATS } from "../../../contract/store-api.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createEvents } from "../worker/publisher.ts";
import { useWorkerServices } from "../worker/services.ts";
import { anyEvent, byId, CONTENT_TYPES, readExport } from "./read-export.ts";

const TOKEN = "token-of-the-worker";
const ALL = { from: "2000-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z" };

/** What a worker answers over HTTP, with PostgreSQL behind it. */
describe("the worker", () => {
  const services = useWorkerServices(startPostgres);
  let scratchDir: string;
  let url: string;

  beforeAll(() => {
    scratchDir = mkdtempSync(join(tmpdir(), "sluice-worker-http-"));
  });
  afterAll(() => rmSync(scratchDir, { recursive: true, force: true }));
  beforeEach(async () => {
    const settings = { WORKER_TOKEN: TOKEN, SCRATCH_DIR: scratchDir };
    url = (await services.startReadyWorker(settings)).url;
  });

  test("answers what the edge asks of its store", async () => {
    const events = createEvents(50, Date.parse("2024-03-15T10:00:00Z"));
    await store("asked", events);
    const [first] = events;
    const stats = await ask({
      read: "stats",
      project_id: "asked",
      query: { kind: "top_events", from: "2024-03-01", to: "2024-04-01" },
    });
    expect(stats).toMatchObject({
      rows: [
        { event_type: 'tab\tand \\ "quote"\n', events: 25, users: 25 },
        { event_type: "view", events: 25, users: 25 },
      ],
      sources: expect.any(Array),
    });
    const page = await ask({
      read: "page",
      project_id: "asked",
      query: { user_id: first?.user_id, limit: 1 },
    });
    expect(page).toMatchObject({ events: [first], hasMore: false });
    const found = await ask({ read: "event", project_id: "asked", event_id: first?.event_id });
    expect(found).toMatchObject({ events: [first] });
    expect(
      await ask({ read: "event", project_id: "other", event_id: first?.event_id }),
    ).toMatchObject({ events: [] });
    const wanted = [
      { event_id: first?.event_id, occurred_at: first?.occurred_at },
      { event_id: randomUUID() },
    ];
    expect(await ask({ read: "stored", project_id: "asked", wanted })).toEqual({ stored: 1 });
  });

  test("gives up on a database that does not answer", async () => {
    const holder = await services.sql.reserve();
    try {
      await holder`begin`;
      await holder`lock table events in access exclusive mode`;
      const response = await post("/query", {
        read: "stored",
        project_id: "asked",
        timeout_ms: 300,
        wanted: [{ event_id: randomUUID() }],
      });
      expect(response.status).toBe(504);
      expect(await response.json()).toMatchObject({
        detail: "timescale did not answer within 0.3 s",
      });
    } finally {
      await holder`rollback`;
      holder.release();
    }
  });

  test("exports what sluice import takes back, whatever is in it", async () => {
    const seed = Date.now();
    const events = fc.sample(anyEvent, { seed, numRuns: 3_000 });
    await store("whole", events);
    for (const format of EXPORT_FORMATS) {
      const { type, body } = await exported("whole", format);
      expect(type).toBe(CONTENT_TYPES[format]);
      expect(await readExport(format, body), `${format}, seed ${seed}`).toEqual(byId(events));
    }
    expect(readdirSync(scratchDir)).toEqual([]);
  });

  test("exports only the range and the project, and an empty one whole", async () => {
    await store("months", [
      ...createEvents(3, Date.parse("2024-02-29T23:59:59.999Z")),
      ...createEvents(5, Date.parse("2024-03-01T00:00:00.000Z")),
      ...createEvents(7, Date.parse("2024-04-01T00:00:00.000Z")),
    ]);
    const march = { from: "2024-03-01T00:00:00Z", to: "2024-04-01T00:00:00Z" };
    const { body } = await exported("months", "ndjson", march);
    expect(body.toString().trimEnd().split("\n")).toHaveLength(5);
    expect((await exported("nobody", "ndjson")).body.toString()).toBe("");
    expect((await exported("nobody", "csv")).body.toString()).toBe(
      "event_id,event_type,user_id,occurred_at,properties\r\n",
    );
    expect(await readExport("parquet", (await exported("nobody", "parquet")).body)).toEqual([]);
  });

  test("erases a user from the rows and the dead letters, and again without harm", async () => {
    const events = createEvents(200);
    await store("gone", events);
    for (const [index, event] of events.slice(0, 4).entries()) {
      const letter = {
        reason: "value is out of range",
        stream_sequence: 1,
        subject: "events.gone",
        failed_at: new Date().toISOString(),
        event: { ...event, event_id: randomUUID(), user_id: index === 3 ? "other" : "user-0" },
      };
      const subject = deadLetterSubject(letter);
      await services.publisher.publishRaw(subject, Buffer.from(JSON.stringify(letter)));
    }
    const erased = await erase("gone", "user-0");
    expect(erased).toEqual({
      erased_at: expect.stringMatching(/^\d{4}-.*Z$/),
      removed: { hot: 2, dead_letters: 3 },
    });
    expect(await services.countRows("gone")).toBe(198);
    const left = await services.publisher.readDeadLetters("gone");
    expect(left.map(({ event }) => event)).toMatchObject([{ user_id: "other" }]);
    expect(await erase("gone", "user-0")).toMatchObject({ removed: { hot: 0, dead_letters: 0 } });
    expect(await erase("gone", "never seen")).toMatchObject({ removed: { hot: 0 } });
  });

  async function store(projectId: string, events: readonly Event[]): Promise<void> {
    for (let start = 0; start < events.length; start += 500) {
      await services.publisher.publish(projectId, events.slice(start, start + 500));
    }
    await services.publisher.waitUntilDrained();
    expect(await services.countRows(projectId)).toBe(events.length);
  }

  async function ask(question: object): Promise<unknown> {
    const response = await post("/query", question);
    expect(response.status, await response.clone().text()).toBe(200);
    return response.json();
  }

  async function erase(project_id: string, user_id: string): Promise<unknown> {
    const response = await post("/erase", { project_id, user_id });
    expect(response.status, await response.clone().text()).toBe(200);
    return response.json();
  }

  async function exported(project_id: string, format: string, range = ALL) {
    const response = await post("/export", { project_id, format, ...range });
    const body = Buffer.from(await response.arrayBuffer());
    expect(response.status, body.toString()).toBe(200);
    return { type: response.headers.get("content-type"), body };
  }

  function post(path: string, body: object): Promise<Response> {
    return fetch(url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
  }
});
