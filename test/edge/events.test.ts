import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createTestApp, NOW_MS, post, sampleEvent } from "./test-app.ts";

describe("POST /v1/events accepts", () => {
  const events = [sampleEvent(1), sampleEvent(2)];
  const lines = events.map((event) => JSON.stringify(event)).join("\n");
  const forms: [string, RequestInit, number][] = [
    ["one event", post(sampleEvent(1)), 1],
    ["an array", post(events), 2],
    ["an object with events", post({ events }), 2],
    ["NDJSON", post(`${lines}\n\n`, { "content-type": "application/x-ndjson" }), 2],
    [
      "CRLF lines",
      post(lines.replace("\n", "\r\n"), { "content-type": "application/x-ndjson" }),
      2,
    ],
    [
      "a beacon with JSON",
      post(JSON.stringify(events, null, 1), { "content-type": "text/plain;charset=UTF-8" }),
      2,
    ],
    ["a beacon with lines", post(lines, { "content-type": "text/plain;charset=UTF-8" }), 2],
    ["gzip by header", post(gzipSync(JSON.stringify(events)), { "content-encoding": "gzip" }), 2],
    [
      "gzip by its first bytes",
      post(gzipSync(JSON.stringify(events)), { "content-type": "text/plain" }),
      2,
    ],
    ["a byte order mark", post(`\ufeff${JSON.stringify(events)}`), 2],
    ["a charset", post(events, { "content-type": "application/json; charset=utf-8" }), 2],
  ];
  it.each(forms)("%s", async (_, init, count) => {
    const { fetch, published } = createTestApp();
    const response = await fetch("/v1/events", init);
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({
      accepted: count,
      duplicate: 0,
      rejected: 0,
      results: [],
    });
    expect(published().flatMap(({ envelope }) => envelope.events)).toHaveLength(count);
  });

  it("a body streamed without a length", async () => {
    const { fetch } = createTestApp();
    const stream = new Blob([JSON.stringify(events)]).stream();
    expect((await fetch("/v1/events", post(stream))).status).toBe(202);
  });

  it("a key in the query, as sendBeacon needs it", async () => {
    const { fetch } = createTestApp();
    const { WRITE_KEY } = await import("./test-app.ts");
    const response = await fetch(`/v1/events?key=${WRITE_KEY}`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: JSON.stringify(sampleEvent()),
    });
    expect(response.status).toBe(202);
  });
});

describe("POST /v1/events publishes", () => {
  it("the event as it was sent, with its time in UTC, under the key's project", async () => {
    const { fetch, published } = createTestApp();
    await fetch("/v1/events", post(sampleEvent(7), { "x-request-id": "trace-7" }));
    expect(published()).toEqual([
      {
        subject: "events.demo",
        envelope: {
          v: 1,
          received_at: new Date(NOW_MS).toISOString(),
          request_id: "trace-7",
          events: [{ ...sampleEvent(7), occurred_at: "2026-06-01T09:00:00.000Z" }],
        },
      },
    ]);
  });

  it("many events in messages of at most 512 KiB, each event once and in order", async () => {
    const { fetch, published } = createTestApp();
    const events = Array.from({ length: 2000 }, (_, index) => ({
      ...sampleEvent(index),
      properties: { text: "é".repeat(300) },
    }));
    expect((await fetch("/v1/events", post(events))).status).toBe(202);
    const messages = published();
    expect(messages.length).toBeGreaterThan(2);
    const ids = messages.flatMap(({ envelope }) => envelope.events.map((event) => event.event_id));
    expect(ids).toEqual(events.map((event) => event["event_id" as keyof typeof event]));
    for (const { envelope } of messages) {
      expect(Buffer.byteLength(JSON.stringify(envelope))).toBeLessThanOrEqual(512 * 1024);
    }
  });
});

describe("POST /v1/events answers for each event", () => {
  it("one good, one repeated, one bad: each counted, the good one published", async () => {
    const { fetch, published } = createTestApp();
    await fetch("/v1/events", post(sampleEvent(1)));
    const bad = { ...sampleEvent(3), occurred_at: "yesterday" };
    const response = await fetch("/v1/events", post([sampleEvent(2), sampleEvent(1), bad]));
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({
      accepted: 1,
      duplicate: 1,
      rejected: 1,
      results: [
        { index: 1, event_id: sampleEvent(1).event_id, status: "duplicate" },
        {
          index: 2,
          event_id: bad["event_id" as keyof typeof bad],
          status: "rejected",
          code: "invalid_occurred_at",
          pointer: "/occurred_at",
          detail: "occurred_at is not an RFC 3339 date-time with offset",
        },
      ],
    });
    expect(published().flatMap(({ envelope }) => envelope.events)).toHaveLength(2);
  });

  it("an id that stands twice in a request is a duplicate the second time", async () => {
    const { fetch, published } = createTestApp();
    const again = { ...sampleEvent(1), event_id: String(sampleEvent(1).event_id).toUpperCase() };
    const response = await fetch("/v1/events", post([sampleEvent(1), again]));
    expect(await response.json()).toMatchObject({ accepted: 1, duplicate: 1 });
    expect(published()[0]?.envelope.events).toHaveLength(1);
  });

  it("all duplicates is 202", async () => {
    const { fetch } = createTestApp();
    await fetch("/v1/events", post(sampleEvent(1)));
    const response = await fetch("/v1/events", post(sampleEvent(1)));
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ accepted: 0, duplicate: 1 });
  });

  it("a message that the stream already holds is a duplicate, although nothing was seen", async () => {
    const { fetch, seen } = createTestApp();
    await fetch("/v1/events", post(sampleEvent(1)));
    seen.clear();
    const response = await fetch("/v1/events", post(sampleEvent(1)));
    expect(await response.json()).toMatchObject({ accepted: 0, duplicate: 1 });
  });

  it("?results=all lists every event", async () => {
    const { fetch } = createTestApp();
    const response = await fetch("/v1/events?results=all", post([sampleEvent(1), sampleEvent(2)]));
    const { results } = (await response.json()) as { results: { status: string }[] };
    expect(results.map(({ status }) => status)).toEqual(["accepted", "accepted"]);
  });

  it("an event without id gets a UUIDv7, the time of receipt, and is told so", async () => {
    const { fetch, published } = createTestApp();
    const response = await fetch("/v1/events", post({ event_type: "signup", user_id: "u" }));
    const body = (await response.json()) as { accepted: number; results: { event_id: string }[] };
    expect(body).toMatchObject({
      accepted: 1,
      results: [{ index: 0, status: "accepted", id_assigned: true }],
    });
    const event = published()[0]?.envelope.events[0];
    expect(event).toMatchObject({ occurred_at: new Date(NOW_MS).toISOString(), properties: {} });
    expect(event?.event_id).toBe(body.results[0]?.event_id);
    expect(event?.event_id[14]).toBe("7");
  });

  it("Idempotency-Key makes the ids of a retry the same", async () => {
    const { fetch } = createTestApp();
    const { event_id: _, ...event } = sampleEvent(1);
    const init = post([event, event], { "idempotency-key": "order-17" });
    expect(await (await fetch("/v1/events", init)).json()).toMatchObject({ accepted: 2 });
    expect(await (await fetch("/v1/events", init)).json()).toMatchObject({ duplicate: 2 });
  });

  it("the time of a UUIDv7 stands in for a missing one", async () => {
    const { fetch, published } = createTestApp();
    const event_id = "019728a1-5c00-7000-8000-000000000000";
    await fetch("/v1/events", post({ event_id, event_type: "signup", user_id: "u" }));
    expect(published()[0]?.envelope.events[0]?.occurred_at).toBe("2025-05-31T23:15:52.960Z");
  });
});
