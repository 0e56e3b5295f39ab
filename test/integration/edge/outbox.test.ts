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

  it("goes on by itself when NATS is back", async () => {
    edge = await startEdge(nats);
    await stream.create();
    await nats.kill();
    const events = createEvents(2);
    expect((await edge.post("back", events)).status).toBe(202);
    await nats.restart();
    const stored = await poll("the events in the stream", async () => {
      const ids = await stream.storedIds("back");
      return ids.length > 0 && ids;
    });
    expect(stored).toEqual(idsOf(events));
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
    await stream.create();
    const stored = await poll("the events in the stream", async () => {
      const ids = await stream.storedIds("full");
      return ids.length >= acknowledged.length && ids;
    });
    expect(stored.sort()).toEqual(acknowledged.sort());
  });
});
