import { describe, expect, it } from "vitest";
import type { UnwrappedLetter } from "../../contract/dead-letter.ts";
import { createKey } from "../../contract/key.ts";
import type { DeadLetterReader } from "../../edge/dead-letter-reader.ts";
import { ADMIN_KEY, createTestApp, SECRET } from "./test-app.ts";

const ID = "00000000-0000-4000-8000-00000000000a";
const OTHER_ADMIN_KEY = createKey({ scope: "a", projectId: "other", kid: "k1" }, SECRET);

const LETTER: UnwrappedLetter = {
  reason: 'date/time field value out of range: "2026-02-31"',
  sqlstate: "22008",
  stream_sequence: 70_123,
  subject: "events.demo",
  received_at: "2026-06-01T12:00:00.000Z",
  failed_at: "2026-06-01T12:00:01.000Z",
  event: { event_id: ID, user_id: "u1" },
};

const SHOWN = {
  event_id: ID,
  reason: LETTER.reason,
  sqlstate: "22008",
  received_at: LETTER.received_at,
  failed_at: LETTER.failed_at,
  event: LETTER.event,
};

/** Letters of project `demo` at positions 1 to `count` times 10, as the worker gives them. */
function lettersOf(count: number, asked: unknown[] = []): DeadLetterReader {
  return {
    find: async (projectId, id) => (projectId === "demo" && id === ID ? LETTER : undefined),
    list: async (projectId, limit, before = count * 10 + 1) => {
      asked.push([projectId, limit, before]);
      const positions = Array.from({ length: count }, (_, index) => (count - index) * 10);
      const wanted = projectId === "demo" ? positions.filter((one) => one < before) : [];
      const letters = wanted.slice(0, limit).map((one) => ({ ...LETTER, stream_sequence: one }));
      return { letters, before: wanted.length > limit ? (wanted[limit - 1] ?? null) : null };
    },
  };
}

function createApp(deadLetters: DeadLetterReader | undefined, keySecrets = [SECRET]) {
  const { fetch } = createTestApp({ deadLetters, keySecrets });
  return (path: string, key = ADMIN_KEY) =>
    fetch(`/v1/dead-letters${path}`, { headers: { authorization: `Bearer ${key}` } });
}

type Page = { readonly data: readonly unknown[]; readonly next_cursor: string | null };

async function pageOf(response: Response): Promise<Page> {
  expect(response.status).toBe(200);
  return response.json();
}

async function faultOf(response: Response): Promise<string | undefined> {
  expect(response.status).toBe(422);
  const { errors } = await response.json<{ errors: { pointer: string; detail: string }[] }>();
  return errors[0]?.detail;
}

describe("GET /v1/dead-letters", () => {
  it("gives the letters of the key's project, without positions in the stream that all share", async () => {
    const get = createApp(lettersOf(1));
    const response = await get("");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({ data: [SHOWN], next_cursor: null });
    expect(await pageOf(await get("", OTHER_ADMIN_KEY))).toEqual({ data: [], next_cursor: null });
  });

  it("goes on after a cursor, until there are no more", async () => {
    const asked: unknown[] = [];
    const get = createApp(lettersOf(5, asked));
    const first = await pageOf(await get("?limit=2"));
    const second = await pageOf(await get(`?limit=2&cursor=${first.next_cursor}`));
    const third = await pageOf(await get(`?limit=2&cursor=${second.next_cursor}`));
    expect([first, second, third].map(({ data }) => data.length)).toEqual([2, 2, 1]);
    expect(third.next_cursor).toBeNull();
    expect(asked).toEqual([
      ["demo", 2, 51],
      ["demo", 2, 40],
      ["demo", 2, 20],
    ]);
  });

  it("has no event id where the letter has none", async () => {
    const { event: _, ...withoutEvent } = LETTER;
    const letters = [withoutEvent, { ...LETTER, event: { event_id: 7 } }];
    const get = createApp({ ...lettersOf(0), list: async () => ({ letters, before: null }) });
    const { data } = await pageOf(await get(""));
    expect(data).toMatchObject([{ event_id: null }, { event_id: null }]);
  });

  it("takes no cursor but one that it gave to this project", async () => {
    const get = createApp(lettersOf(5));
    const { next_cursor } = await pageOf(await get("?limit=2"));
    const cursor = String(next_cursor);
    expect(Buffer.from(cursor, "base64url")).toHaveLength(16);
    const refusal = "cursor is none that an earlier page gave";
    const altered = (cursor.startsWith("A") ? "B" : "A") + cursor.slice(1);
    for (const wrong of ["40", "", altered, cursor.slice(1), `${cursor}${cursor}`]) {
      expect(await faultOf(await get(`?cursor=${wrong}`)), wrong).toBe(refusal);
    }
    expect(await faultOf(await get(`?cursor=${cursor}`, OTHER_ADMIN_KEY))).toBe(refusal);
  });

  it("takes a cursor from before the secret was rotated", async () => {
    const { next_cursor } = await pageOf(await createApp(lettersOf(5))("?limit=2"));
    const rotated = createApp(lettersOf(5), ["another secret of at least 32 characters", SECRET]);
    expect((await pageOf(await rotated(`?cursor=${next_cursor}`))).data).toHaveLength(3);
  });

  it.each([
    ["?limit=0", "limit must be a whole number from 1 to 100"],
    ["?limit=101", "limit must be a whole number from 1 to 100"],
    ["?limit=x", "limit must be a whole number from 1 to 100"],
    ["?project_id=other", 'Unknown parameter "project_id": known are limit, cursor'],
    ["?limit=1&limit=2", "limit is given more than once"],
  ])("refuses %s", async (search, detail) => {
    expect(await faultOf(await createApp(lettersOf(1))(search))).toBe(detail);
  });
});

describe("GET /v1/dead-letters/{event_id}", () => {
  it("gives the letter of an event, also for an id in capitals", async () => {
    const get = createApp(lettersOf(1));
    expect(await (await get(`/${ID}`)).json()).toEqual(SHOWN);
    expect(await (await get(`/${ID.toUpperCase()}`)).json()).toEqual(SHOWN);
  });

  it.each([
    ["another event", `/${ID.replace("a", "b")}`, ADMIN_KEY],
    ["another project's", `/${ID}`, OTHER_ADMIN_KEY],
    ["what can be no id", "/_", ADMIN_KEY],
    ["a wildcard", "/%3E", ADMIN_KEY],
  ])("404 for %s", async (_, path, key) => {
    const response = await createApp(lettersOf(1))(path, key);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ detail: "No dead letter is of this event" });
  });
});

it.each(["", `/${ID}`])("GET /v1/dead-letters%s says who cannot answer", async (path) => {
  const without = await createApp(undefined)(path);
  expect(without.status).toBe(503);
  expect(await without.json()).toMatchObject({
    detail:
      "Dead letters are read by the worker, and this edge is not given its address (WORKER_URL, WORKER_TOKEN)",
  });
  const fail = async () => {
    throw new Error("secret detail");
  };
  const failing = await createApp({ find: fail, list: fail })(path);
  expect(failing.status).toBe(503);
  expect(failing.headers.get("retry-after")).toBe("2");
  const text = await failing.text();
  expect(text).toContain("The worker cannot read dead letters right now: ask again");
  expect(text).not.toContain("secret detail");
});
