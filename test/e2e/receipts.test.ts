import { randomUUID } from "node:crypto";
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Receipt } from "../../contract/receipt.ts";
import { OPERATOR_INBOX } from "../../contract/stream.ts";
import { createUuidV7 } from "../../contract/uuid.ts";
import { poll } from "../support/poll.ts";
import { type StackService, startStack, whileStopped } from "../support/stack.ts";
import { createStackClient, type StackClient } from "../support/stack-client.ts";

let stack: StackService;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(async () => {
  await stack?.stop();
});

describe("POST /v1/events?wait=stored", () => {
  it("answers when the rows can be read, and so can those of a repeat", async () => {
    const client = await createStackClient(stack, "read-your-writes");
    for (const count of [1, 5, 200]) {
      const events = Array.from({ length: count }, () => createEvent());
      expect(await postAndWait(client, events)).toMatchObject({ accepted: count, stored: true });
      for (const { event_id } of events.slice(-2)) {
        expect(await receiptOf(client, event_id)).toMatchObject({ status: "stored" });
      }
      expect(await postAndWait(client, events)).toMatchObject({ duplicate: count, stored: true });
    }
    const total = { interval: "total", from: "2026-03-01", to: "2026-03-02" };
    expect((await client.read("events", total)).data).toEqual([
      { bucket: "2026-03-01T00:00:00Z", value: 206 },
    ]);
  });

  it("says after ten seconds that the rows are not there, and stores them later", async () => {
    const client = await createStackClient(stack, "not-yet");
    const event = createEvent();
    await whileStopped(stack, "worker", async () => {
      expect(await postAndWait(client, [event])).toMatchObject({ accepted: 1, stored: false });
      // A 503 means to ask again.
      const receipt = await poll("a receipt", () => receiptOf(client, event.event_id));
      expect(receipt).toEqual({ event_id: event.event_id, status: "accepted" });
    });
    await poll("the row", async () => {
      return (await receiptOf(client, event.event_id)).status === "stored";
    });
  });
});

describe("GET /v1/events/{event_id}", () => {
  it("answers for an event that was accepted a moment ago", async () => {
    const client = await createStackClient(stack, "a-moment-ago");
    for (let round = 0; round < 20; round += 1) {
      const event = createEvent();
      await client.post(event);
      expect((await receiptOf(client, event.event_id)).status).toMatch(/^(accepted|stored)$/);
    }
  });

  it("gives the stored row as the client sent it, to its project alone", async () => {
    const client = await createStackClient(stack, "row");
    const event = createEvent({
      user_id: "Zoë '$1\"",
      occurred_at: "2026-03-01T10:00:00.123456+02:00",
      properties: { nested: { list: [1, 2.5, null, "✓"] } },
    });
    await postAndWait(client, [event]);
    expect(await receiptOf(client, event.event_id)).toEqual({
      event_id: event.event_id,
      status: "stored",
      event: {
        ...event,
        occurred_at: "2026-03-01T08:00:00.123456Z",
        received_at: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    });
    const other = await createStackClient(stack, "another");
    expect((await ask(other, event.event_id)).status).toBe(404);
  });

  it("tells that the store refused an event that got past the edge, to its administrator why", async () => {
    const client = await createStackClient(stack, "dead");
    const event = createEvent({ occurred_at: "2026-02-31T00:00:00Z" });
    const envelope = {
      v: 1,
      received_at: new Date().toISOString(),
      request_id: "r1",
      events: [event],
    };
    const { username, password, host } = new URL(stack.nats_url);
    const nats = await connect({
      servers: host,
      user: username,
      pass: password,
      inboxPrefix: OPERATOR_INBOX,
    });
    await jetstream(nats).publish("events.dead", JSON.stringify(envelope));
    await nats.close();
    const response = await poll("a receipt", async () => {
      const answer = await ask(client, event.event_id);
      return answer.status === 404 ? undefined : answer;
    });
    const receipt = {
      event_id: event.event_id,
      status: "dead",
      failed_at: expect.any(String),
    };
    expect(await response.json()).toEqual(receipt);
    expect(await (await ask(client, event.event_id, client.adminKey)).json()).toEqual({
      ...receipt,
      reason: expect.stringMatching(/occurred_at|out of range/),
    });
    const other = await createStackClient(stack, "another");
    expect((await ask(other, event.event_id)).status).toBe(404);
  });

  it("404 for an event that was never accepted, 503 while Redis cannot be asked for it", async () => {
    const client = await createStackClient(stack, "unknown");
    expect((await ask(client, randomUUID())).status).toBe(404);
    await whileStopped(stack, "redis", async () => {
      const response = await ask(client, randomUUID());
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("2");
    });
  });
});

type SentEvent = {
  readonly event_id: string;
  readonly event_type: string;
  readonly user_id: string;
  readonly occurred_at: string;
  readonly properties: Readonly<Record<string, unknown>>;
};

function createEvent(fields: Partial<SentEvent> = {}): SentEvent {
  return {
    event_id: createUuidV7(Date.now()),
    event_type: "signup",
    user_id: "user-1",
    occurred_at: "2026-03-01T10:00:00.000Z",
    properties: {},
    ...fields,
  };
}

async function postAndWait(client: StackClient, events: readonly SentEvent[]): Promise<unknown> {
  const response = await client.send(JSON.stringify(events), {}, "?wait=stored");
  expect(response.status).toBe(202);
  return response.json();
}

function ask(client: StackClient, eventId: string, key = client.readKey): Promise<Response> {
  return fetch(`${stack.edge_url}/v1/events/${eventId}`, {
    headers: { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(20_000),
  });
}

async function receiptOf(client: StackClient, eventId: string): Promise<Receipt> {
  const response = await ask(client, eventId);
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as Receipt;
}
