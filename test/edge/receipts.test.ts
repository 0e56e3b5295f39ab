import { describe, expect, it } from "vitest";
import type { DeadLetter } from "../../contract/dead-letter.ts";
import type { StoredEvent } from "../../contract/receipt.ts";
import type { AppDeps } from "../../edge/app.ts";
import {
  ADMIN_KEY,
  createTestApp,
  emptyStore,
  OTHER_KEY,
  post,
  READ_KEY,
  sampleEvent,
  WRITE_KEY,
} from "./test-app.ts";

const ID = "00000000-0000-4000-8000-00000000000a";

const STORED: StoredEvent = {
  event_id: ID,
  occurred_at: "2026-06-01T09:00:00.000Z",
  received_at: "2026-06-01T12:00:00.000Z",
  event_type: "signup",
  user_id: "user-1",
  properties: {},
};

const LETTER: DeadLetter = {
  reason: "value too long",
  sqlstate: "22001",
  stream_sequence: 7,
  subject: "events.demo",
  failed_at: "2026-06-01T12:00:01.000Z",
  event: { secret: 1 },
};

function createApp(overrides: Partial<AppDeps> = {}) {
  const app = createTestApp(overrides);
  const get = (id: string, key = READ_KEY) =>
    app.fetch(`/v1/events/${id}`, { headers: { authorization: `Bearer ${key}` } });
  return { ...app, get };
}

const storeOf = (events: StoredEvent[]): AppDeps["store"] => ({
  ...emptyStore(),
  findEvent: async (projectId) => ({
    events: projectId === "demo" ? events : [],
    asOf: "2026-06-01T11:59:59.000Z",
  }),
  hasAll: async () => true,
});

const failing = async () => {
  throw new Error("secret detail");
};

const deadLettersOf = (letter: DeadLetter | undefined): AppDeps["deadLetters"] => ({
  find: async (projectId, id) => (projectId === "demo" && id === ID ? letter : undefined),
  list: failing,
});

describe("GET /v1/events/{event_id}", () => {
  it("tells that an event is accepted", async () => {
    const { fetch, get } = createApp();
    await fetch("/v1/events", post(sampleEvent(1)));
    const { event_id } = sampleEvent(1);
    const response = await get(String(event_id));
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({ event_id, status: "accepted" });
    expect((await get(String(event_id), OTHER_KEY)).status).toBe(404);
  });

  it("tells the row of a stored event, also for an id in capitals", async () => {
    const { get } = createApp({ store: storeOf([STORED]) });
    const receipt = { event_id: ID, status: "stored", event: STORED };
    expect(await (await get(ID)).json()).toEqual(receipt);
    expect(await (await get(ID.toUpperCase())).json()).toEqual(receipt);
    expect((await get(ID, OTHER_KEY)).status).toBe(404);
  });

  it("tells all rows of an id that came with several times", async () => {
    const older = { ...STORED, occurred_at: "2026-05-01T09:00:00.000Z" };
    const { get } = createApp({ store: storeOf([STORED, older]) });
    expect(await (await get(ID)).json()).toMatchObject({ event: STORED, others: [older] });
  });

  it("tells that an event is dead, even though it was accepted, and an administrator why", async () => {
    const { get, seen } = createApp({ deadLetters: deadLettersOf(LETTER) });
    seen.add(`demo:${ID}`);
    const receipt = { event_id: ID, status: "dead", failed_at: "2026-06-01T12:00:01.000Z" };
    expect(await (await get(ID)).json()).toEqual(receipt);
    expect(await (await get(ID, ADMIN_KEY)).json()).toEqual({
      ...receipt,
      reason: "value too long",
    });
  });

  it("404 for an event that nobody knows, with the time up to which that is certain", async () => {
    const { get } = createApp({
      store: storeOf([]),
      deadLetters: deadLettersOf(LETTER),
    });
    const unknown = "00000000-0000-4000-8000-00000000000b";
    const response = await get(unknown);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      type: "/problems/not-found",
      detail: `No event ${unknown} is stored, dead or lately accepted`,
      as_of: "2026-06-01T11:59:59.000Z",
    });
  });

  it("404 for what cannot be an id", async () => {
    const { get } = createApp();
    for (const id of ["1", "%00", "a'b", "%", `${ID}x`]) {
      const response = await get(id);
      expect(response.status, id).toBe(404);
      expect(await response.json()).toMatchObject({
        detail: "No event has this id: an event_id is a UUID",
      });
    }
  });

  it("503, not 404, while one that might know the event does not answer", async () => {
    const unreachable: Partial<AppDeps>[] = [
      { deadLetters: { find: failing, list: failing } },
      { memory: { admit: failing, markSeen: failing, isSeen: failing } },
    ];
    for (const overrides of unreachable) {
      const response = await createApp(overrides).get(ID);
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("2");
      const text = await response.text();
      expect(text).toContain(
        "The event is not stored, and whether it was accepted cannot be told now: ask again",
      );
      expect(text).not.toContain("secret detail");
    }
  });

  it("accepted stays accepted while the worker does not answer", async () => {
    const { get, seen } = createApp({ deadLetters: { find: failing, list: failing } });
    seen.add(`demo:${ID}`);
    expect(await (await get(ID)).json()).toEqual({ event_id: ID, status: "accepted" });
  });

  it("needs a read or an admin key, and GET", async () => {
    const { fetch, get } = createApp();
    expect((await fetch(`/v1/events/${ID}`)).status).toBe(401);
    const refused = await get(ID, WRITE_KEY);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({
      detail: "This route needs a read or an admin key, this is a write key",
    });
    const response = await fetch(`/v1/events/${ID}`, post({}));
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
  });
});

describe("POST /v1/events?wait=stored", () => {
  it("answers once every row is there", async () => {
    const asked: unknown[] = [];
    const { fetch } = createApp({
      store: {
        ...storeOf([]),
        hasAll: async (projectId, wanted) => {
          asked.push([projectId, wanted]);
          return asked.length === 3;
        },
      },
    });
    const response = await fetch("/v1/events?wait=stored", post(sampleEvent(1)));
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({
      accepted: 1,
      duplicate: 0,
      rejected: 0,
      stored: true,
      results: [],
    });
    const wanted = { eventId: sampleEvent(1).event_id, occurredAt: "2026-06-01T09:00:00.000Z" };
    expect(asked).toEqual(Array.from({ length: 3 }, () => ["demo", [wanted]]));
  });

  it("asks for a duplicate by its id alone: its row may have the time it was first sent with", async () => {
    const asked: unknown[] = [];
    const { fetch } = createApp({
      store: {
        ...storeOf([]),
        hasAll: async (_, wanted) => asked.push(...wanted) > 0,
      },
    });
    await fetch("/v1/events", post(sampleEvent(1)));
    const again = { ...sampleEvent(1), occurred_at: "2026-06-01T08:00:00Z" };
    const answer = await (await fetch("/v1/events?wait=stored", post(again))).json();
    expect(answer).toMatchObject({ duplicate: 1, stored: true });
    expect(asked).toEqual([{ eventId: sampleEvent(1).event_id, occurredAt: undefined }]);
  });

  it("says after a while that the rows are not there yet, also when the store does not answer", async () => {
    const { fetch, published } = createApp({
      store: { ...storeOf([]), hasAll: failing },
    });
    const response = await fetch("/v1/events?wait=stored", post(sampleEvent(1)));
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ accepted: 1, stored: false });
    expect(published()).toHaveLength(1);
  });
});
