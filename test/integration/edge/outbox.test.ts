import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import {
  createEvents,
  type EdgeProcess,
  expectUnavailable,
  idsOf,
  startEdge,
} from "./edge-process.ts";
import { type EventsStream, openEventsStream } from "./events-stream.ts";

let nats: NatsService;
let stream: EventsStream;
let edge: EdgeProcess;

beforeAll(async () => {
  nats = await startNats();
  stream = await openEventsStream(nats);
});

afterEach(async () => {
  await edge?.stop();
  await stream.remove();
});

afterAll(async () => {
  await stream?.connection.close();
  await nats?.stop();
});

describe("Publisher with an outbox", () => {
  it("keeps what it acknowledges without NATS, over kill -9, and publishes it once", async () => {
    edge = await startEdge(nats);
    await stream.create();
    await nats.kill();
    const bodies = Array.from({ length: 20 }, () => createEvents(2));
    const responses = await Promise.all(bodies.map((events) => edge.post("outage", events)));
    expect(responses.map(({ status }) => status)).toEqual(bodies.map(() => 202));
    await edge.kill();
    await nats.restart();
    await edge.restart();
    // Nothing but the calls of /readyz wakes the publishers.
    const stored = await poll("the events in the stream", async () => {
      await fetch(`${edge.url}/readyz`);
      const ids = await stream.storedIds("outage");
      return ids.length >= 40 && ids;
    });
    expect(stored.sort()).toEqual(bodies.flatMap(idsOf).sort());
  });

  it("goes on by itself when NATS is back, in the order of arrival", async () => {
    edge = await startEdge(nats, { PUBLISHER_SHARDS: "1" });
    await stream.create();
    await nats.kill();
    // More than are published at once.
    const kept = await postMany("back", 70);
    await nats.restart();
    expect(await storedIds("back", kept.length)).toEqual(kept);
  });

  it("tells what it holds, also after kill -9, until it is empty again", async () => {
    edge = await startEdge(nats);
    await stream.create();
    expect(await readiness()).toMatchObject({
      parts: { stream: "ok", outbox: "ok" },
      outbox: { messages: 0, events: 0, bytes: 0, oldest_age_ms: 0 },
    });
    await nats.kill();
    await postMany("told", 5);
    const held = { messages: 5, events: 10, bytes: expect.any(Number) };
    const { parts, outbox } = await readiness();
    expect(parts).toMatchObject({ stream: "failed", outbox: "in use" });
    expect(outbox).toMatchObject(held);
    expect(outbox.bytes).toBeGreaterThan(0);

    await edge.kill();
    await edge.restart();
    const again = await readiness();
    expect(again.outbox).toMatchObject({ ...held, bytes: outbox.bytes });
    expect(again.outbox.oldest_age_ms).toBeGreaterThan(outbox.oldest_age_ms);

    await nats.restart();
    await poll("an empty outbox", async () => (await readiness()).parts.outbox === "ok");
    expect((await readiness()).outbox).toEqual({
      messages: 0,
      events: 0,
      bytes: 0,
      oldest_age_ms: 0,
    });
  });

  it("keeps what a full stream refuses, and publishes it once there is room", async () => {
    edge = await startEdge(nats, { PUBLISHER_SHARDS: "1" });
    await stream.create(4_000);
    await nats.kill();
    const kept = await postMany("refused", 40);
    await nats.restart();
    const first = await poll("the first events in the stream", async () => {
      const ids = await stream.storedIds("refused");
      return ids.length > 2 && ids;
    });
    expect(kept).toEqual(expect.arrayContaining(first));
    expect((await readiness()).parts).toMatchObject({ outbox: "in use" });
    await stream.grow(1_000_000);
    await poll("an empty outbox", async () => (await readiness()).parts.outbox === "ok");
    expect((await storedIds("refused", kept.length)).sort()).toEqual(kept.sort());
  });

  it("takes over what an older version has kept", async () => {
    edge = await startEdge(nats, { PUBLISHER_SHARDS: "1" });
    await stream.create();
    await nats.kill();
    const kept = await postMany("older", 3);
    await edge.kill();
    await changeOutboxes(edge.dataDir, [
      "alter table outbox drop column events",
      "alter table outbox drop column kept_at_ms",
    ]);
    await edge.restart();
    const { outbox } = await readiness();
    expect(outbox).toMatchObject({ messages: 3, events: 6 });
    // Not since 1970: how long they had waited is not known.
    expect(outbox.oldest_age_ms).toBeLessThan(3_600_000);
    await nats.restart();
    await poll("an empty outbox", async () => (await readiness()).parts.outbox === "ok");
    expect(await storedIds("older", kept.length)).toEqual(kept);
  });

  it("answers 503 when it is full, and loses nothing that it has taken", async () => {
    edge = await startEdge(nats, { OUTBOX_MAX_BYTES: "10000", PUBLISHER_SHARDS: "1" });
    const acknowledged: string[] = [];
    let refused: Response | undefined;
    while (refused === undefined) {
      const events = createEvents(10);
      const response = await edge.post("full", events);
      if (response.status === 202) acknowledged.push(...idsOf(events));
      else refused = response;
    }
    await expectUnavailable(refused);
    expect(acknowledged.length).toBeGreaterThan(0);
    expect((await readiness()).parts).toMatchObject({ stream: "failed", outbox: "full" });
    await stream.create();
    const stored = await poll("the events in the stream", async () => {
      const ids = await stream.storedIds("full");
      return ids.length >= acknowledged.length && ids;
    });
    expect(stored.sort()).toEqual(acknowledged.sort());
  });
});

/** Bodies of two events, one after the other; the ids in this order. */
async function postMany(projectId: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let posts = 0; posts < count; posts += 1) {
    const events = createEvents(2);
    expect((await edge.post(projectId, events)).status).toBe(202);
    ids.push(...idsOf(events));
  }
  return ids;
}

/** What the stream holds once that is `count` events or more. Asks again: the test's own connection has been cut with NATS. */
function storedIds(projectId: string, count: number): Promise<string[]> {
  return poll("the events in the stream", async () => {
    const ids = await stream.storedIds(projectId);
    return ids.length >= count && ids;
  });
}

/** The members of /readyz that speak of NATS and the outboxes; there is no database here, so that it is a problem. */
async function readiness() {
  const response = await fetch(`${edge.url}/readyz`);
  return (await response.json()) as {
    parts: { stream: string; outbox: string };
    outbox: { messages: number; events: number; bytes: number; oldest_age_ms: number };
  };
}

/** Runs SQL in the files in which the runtime, which does not run now, keeps its Durable Objects. */
async function changeOutboxes(dataDir: string, statements: readonly string[]): Promise<void> {
  const files = await readdir(dataDir, { recursive: true });
  let changed = 0;
  for (const file of files.filter((name) => name.endsWith(".sqlite"))) {
    const database = new DatabaseSync(join(dataDir, file));
    const isOutbox = database.prepare("select 1 from sqlite_master where name = 'outbox'").get();
    if (isOutbox !== undefined) {
      for (const statement of statements) database.exec(statement);
      changed += 1;
    }
    database.close();
  }
  expect(changed).toBeGreaterThan(0);
}
