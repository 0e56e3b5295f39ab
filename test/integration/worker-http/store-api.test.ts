import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CsvReader } from "../../../cli/import/csv-reader.ts";
import { NdjsonReader } from "../../../cli/import/ndjson-reader.ts";
import { deadLetterSubject } from "../../../contract/dead-letter.ts";
import type { Event } from "../../../contract/event.ts";
import { parseTimestamp } from "../../../contract/timestamp.ts";
import { openDuckDb } from "../../../worker/duckdb/database.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createEvents } from "../worker/publisher.ts";
import { useWorkerServices } from "../worker/services.ts";

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
        detail: "timescale did not answer within 300 ms",
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
    const sent = byId(events);

    const ndjson = await exported("whole", "ndjson");
    expect(ndjson.type).toBe("application/x-ndjson");
    const lines = new NdjsonReader().push(ndjson.body);
    expect(byId(lines.map(({ bytes }) => JSON.parse(bytes.toString()))), `seed ${seed}`).toEqual(
      sent,
    );

    const csv = await exported("whole", "csv");
    expect(csv.type).toBe("text/csv; charset=utf-8; header=present");
    const reader = new CsvReader({
      map: {},
      properties: undefined,
      types: {},
      isInferring: false,
      delimiter: ",",
    });
    const rows = [...(await reader.push(csv.body)), ...(await reader.end())];
    expect(rows.filter(({ rejection }) => rejection !== undefined)).toEqual([]);
    expect(byId(rows.map(({ bytes }) => JSON.parse(bytes.toString()))), `seed ${seed}`).toEqual(
      sent,
    );

    const parquet = await exported("whole", "parquet");
    expect(parquet.type).toBe("application/vnd.apache.parquet");
    expect(byId(await readParquet(parquet.body)), `seed ${seed}`).toEqual(sent);
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
    expect(await readParquet((await exported("nobody", "parquet")).body)).toEqual([]);
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

  async function readParquet(content: Buffer): Promise<Event[]> {
    const folder = mkdtempSync(join(tmpdir(), "sluice-parquet-"));
    const path = join(folder, "events.parquet");
    writeFileSync(path, content);
    const duckdb = await openDuckDb({ path: ":memory:", allowedDirectories: [folder] });
    try {
      const types = await duckdb.query<{ column_name: string; column_type: string }>({
        text: `describe from read_parquet('${path}')`,
        params: [],
      });
      expect(types.map((column) => [column.column_name, column.column_type])).toEqual([
        ["event_id", "UUID"],
        ["event_type", "VARCHAR"],
        ["user_id", "VARCHAR"],
        ["occurred_at", "TIMESTAMP"],
        ["properties", "VARCHAR"],
      ]);
      // As JSON, since the client for Node takes a byte order mark off the start of a text.
      const rows = await duckdb.query<{ event: string }>({
        text: `select to_json(events)::varchar as event from read_parquet('${path}') as events`,
        params: [],
      });
      return rows.map(({ event }) => {
        const { occurred_at, properties, ...rest } = JSON.parse(event);
        return {
          ...rest,
          occurred_at: formatTime(occurred_at),
          properties: JSON.parse(properties),
        };
      });
    } finally {
      duckdb.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }
});

const hostile = [
  '"',
  '""',
  ",",
  "\r",
  "\n",
  "\r\n",
  "\\",
  "\\n",
  "'",
  "=1+1",
  "\uFEFF",
  "é😀",
  "\t",
  " ",
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: "binary", maxLength: 8 })), {
    minLength: 1,
    maxLength: 12,
  })
  .map((parts) => parts.join("").replaceAll("\0", ""))
  .filter((joined) => joined.length > 0 && joined.length <= 200 && joined.isWellFormed());
const value = fc.oneof(
  text,
  fc.constantFrom(null, true, 0, 0.1, -1.5e-10, 1e-7, 9007199254740991, "", "007", "1e400"),
  fc.constantFrom([], {}, [null, { a: [1] }]),
);
const anyEvent: fc.Arbitrary<Event> = fc.record({
  event_id: fc.uuid(),
  event_type: text,
  user_id: text,
  occurred_at: fc
    .tuple(
      fc.date({ min: new Date("2006-01-01"), max: new Date("2026-01-01"), noInvalidDate: true }),
      fc.constantFrom("", "001", "999", "120"),
    )
    .map(([date, micros]) => date.toISOString().replace("Z", `${micros}Z`)),
  properties: fc.dictionary(
    text.filter((key) => !["__proto__", "constructor", "prototype"].includes(key)),
    value,
    { maxKeys: 5 },
  ),
});

/** Ids are all different: the order is not what is compared. */
function byId(events: readonly Event[]): Event[] {
  return events.toSorted((a, b) => (a.event_id < b.event_id ? -1 : 1));
}

/** `2024-03-01 10:00:00.12` as the edge writes it. */
function formatTime(text: string): string {
  return parseTimestamp(`${text.replace(" ", "T")}Z`)?.text ?? text;
}
