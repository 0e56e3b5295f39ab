import { afterAll, beforeAll, expect, it } from "vitest";
import { type StackService, startStack } from "../support/stack.ts";
import { createStackClient, type StackClient } from "../support/stack-client.ts";

let stack: StackService;
let client: StackClient;

beforeAll(async () => {
  stack = await startStack();
  // The stack's own project: it has an admin key.
  client = await createStackClient(stack);
});
afterAll(async () => {
  await stack?.stop();
});

const USER = "a/b'c %";
const TIMELINE = `/v1/users/${encodeURIComponent(USER)}/events`;
const STATS = "/v1/stats/top-events?from=2026-03-01&to=2026-04-01";

type Answer = { readonly data: readonly unknown[]; readonly meta: { readonly cache?: string } };

/** As an ordinary client asks: the cache may answer. */
async function read(path: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${client.readKey}` };
  const response = await fetch(stack.edge_url + path, { headers });
  expect(response.status).toBe(200);
  return response.json() as Promise<Answer>;
}

function erase(key: string): Promise<Response> {
  return fetch(`${stack.edge_url}/v1/users/${encodeURIComponent(USER)}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${key}` },
  });
}

async function post(userId: string, day: string): Promise<void> {
  const event = {
    event_id: crypto.randomUUID(),
    occurred_at: `${day}T12:00:00Z`,
    event_type: "visit",
    user_id: userId,
  };
  const response = await client.send(JSON.stringify(event), {}, "?wait=stored");
  expect(await response.json()).toMatchObject({ accepted: 1, stored: true });
}

it("erases a user from raw events, statistics and the edge's cache; later events are new", async () => {
  await post(USER, "2026-03-02");
  await post(USER, "2026-03-03");
  await post("other", "2026-03-03");
  expect((await read(STATS)).data).toEqual([{ event_type: "visit", events: 3, users: 2 }]);
  expect((await read(STATS)).meta.cache).toBe("hit");

  expect((await erase(client.readKey)).status).toBe(403);
  const beganMs = Date.now();
  const response = await erase(stack.admin_key);
  expect(response.status).toBe(200);
  const receipt = (await response.json()) as { erased_at: string; caches_until: string };
  expect(receipt).toMatchObject({ user_id: USER, removed: { hot: 2 } });
  expect(Date.parse(receipt.erased_at)).toBeGreaterThanOrEqual(beganMs - 1_000);
  expect(Date.parse(receipt.caches_until)).toBeGreaterThan(Date.parse(receipt.erased_at));

  const after = await read(STATS);
  expect(after.data).toEqual([{ event_type: "visit", events: 1, users: 1 }]);
  expect(after.meta.cache).toBe("miss");
  expect((await read(TIMELINE)).data).toEqual([]);
  expect(await (await erase(stack.admin_key)).json()).toMatchObject({ removed: { hot: 0 } });

  await post(USER, "2026-03-04");
  expect((await read(TIMELINE)).data).toMatchObject([{ occurred_at: "2026-03-04T12:00:00.000Z" }]);
});
