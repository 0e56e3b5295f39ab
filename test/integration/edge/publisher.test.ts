import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { IngestAnswer } from "../../../contract/ingest-answer.ts";
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

/** Without an outbox a 202 can only mean JetStream's acknowledgement. */
const NO_OUTBOX = { OUTBOX_MAX_BYTES: "0" };

let nats: NatsService;
let edge: EdgeProcess;
let stream: EventsStream;

beforeAll(async () => {
  nats = await startNats();
  edge = await startEdge(nats, NO_OUTBOX);
  stream = await openEventsStream(nats);
});

afterEach(() => stream.remove());

afterAll(async () => {
  await stream?.connection.close();
  await edge?.stop();
  await nats?.stop();
});

describe("Publisher without an outbox", () => {
  it("answers 503 while there is no stream, and 202 as soon as there is", async () => {
    const events = createEvents(2);
    await expectUnavailable(await edge.post("late", events));
    await stream.create();
    expect((await edge.post("late", events)).status).toBe(202);
    expect(await stream.storedIds("late")).toEqual(idsOf(events));
  });

  it("does not take a bystander's answer for an acknowledgement", async () => {
    const bystander = stream.connection.subscribe("events.>", {
      callback: (_, message) => void message.respond("{}"),
    });
    await stream.connection.flush();
    try {
      await expectUnavailable(await edge.post("bystander", createEvents(1)));
    } finally {
      bystander.unsubscribe();
    }
  });

  it("stores the same body once", async () => {
    await stream.create();
    const events = createEvents(3);
    expect(await answerOf(await edge.post("twice", events))).toMatchObject({ accepted: 3 });
    expect(await answerOf(await edge.post("twice", events))).toMatchObject({ duplicate: 3 });
    expect(await stream.countMessages()).toBe(1);
  });

  it("stores what it acknowledges of many requests at once", async () => {
    await stream.create();
    const bodies = Array.from({ length: 300 }, (_, index) => createEvents(1 + (index % 3)));
    const responses = await Promise.all(bodies.map((events) => edge.post("many", events)));
    expect(responses.map(({ status }) => status)).toEqual(bodies.map(() => 202));
    expect((await stream.storedIds("many")).sort()).toEqual(bodies.flatMap(idsOf).sort());
  });

  it("goes on by itself after NATS was killed and started again", async () => {
    await stream.create();
    const acknowledged: string[] = [];
    const post = async () => {
      const events = createEvents(1);
      const response = await edge.post("killed", events);
      if (response.status === 202) acknowledged.push(...idsOf(events));
      return response;
    };
    expect((await post()).status).toBe(202);
    await nats.kill();
    await expectUnavailable(await post());
    await nats.restart();
    await poll("a 202", async () => (await post()).status === 202);
    const stored = await poll("the stream", () => stream.storedIds("killed"));
    expect(stored).toEqual(expect.arrayContaining(acknowledged));
  });

  it("answers 503 when the stream is full, and stores the same body once there is room", async () => {
    await stream.create(20_000);
    const acknowledged: string[] = [];
    let refused: Record<string, unknown>[] = [];
    while (refused.length === 0) {
      const events = createEvents(20);
      const response = await edge.post("full", events);
      if (response.status === 202) acknowledged.push(...idsOf(events));
      else {
        await expectUnavailable(response);
        refused = events;
      }
    }
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(await stream.storedIds("full")).toEqual(acknowledged);
    await stream.grow(1_000_000);
    expect((await edge.post("full", refused)).status).toBe(202);
    expect(await stream.storedIds("full")).toEqual([...acknowledged, ...idsOf(refused)]);
  });

  it("says so when NATS does not let it in", async () => {
    await stream.create();
    const locked = await startEdge(nats, { ...NO_OUTBOX, NATS_PASSWORD: "wrong" });
    try {
      await expectUnavailable(await locked.post("locked", createEvents(1)));
      expect(await stateOfStream(locked)).not.toBe("ok");
      expect(await stateOfStream(edge)).toBe("ok");
    } finally {
      await locked.stop();
    }
  });
});

async function answerOf(response: Response): Promise<IngestAnswer> {
  expect(response.status).toBe(202);
  return (await response.json()) as IngestAnswer;
}

async function stateOfStream({ url }: EdgeProcess): Promise<unknown> {
  const response = await fetch(`${url}/readyz`);
  const { parts } = (await response.json()) as { parts: Record<string, string> };
  return parts.stream;
}
