import { expect, test } from "vitest";
import type { ArchiveReport } from "../../../../contract/archive-report.ts";
import { createEngine, post, startServer } from "./http-server.ts";

test("POST /erase removes the user's dead letters after the rows, and counts both", async () => {
  const order: string[] = [];
  const url = await startServer({
    engine: createEngine({}, async (projectId, userId) => {
      order.push(`rows of ${projectId} ${userId}`);
      return { erased_at: "2024-03-01T00:00:00.000Z", removed: { hot: 3, cold: 2 } };
    }),
    removeDeadLetters: async (projectId, userId) => {
      order.push(`letters of ${projectId} ${userId}`);
      return 1;
    },
  });
  const response = await post(`${url}/erase`, { project_id: "shop", user_id: "Zoë '$1\"" });
  expect([response.status, await response.json()]).toEqual([
    200,
    { erased_at: "2024-03-01T00:00:00.000Z", removed: { hot: 3, cold: 2, dead_letters: 1 } },
  ]);
  expect(order).toEqual(["rows of shop Zoë '$1\"", "letters of shop Zoë '$1\""]);
});

test("POST /erase fails when a part of it fails, so that it is asked for again", async () => {
  const erased = { erased_at: "2024-03-01T00:00:00.000Z", removed: { hot: 3 } };
  const url = await startServer({
    engine: createEngine({}, async () => erased),
    removeDeadLetters: () => Promise.reject(new Error("not connected")),
  });
  const response = await post(`${url}/erase`, { project_id: "shop", user_id: "u1" });
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
});

test.each([{ user_id: "u1" }, { project_id: "shop", user_id: "" }, { project_id: "shop" }])(
  "POST /erase refuses %j",
  async (body) => {
    const response = await post(`${await startServer()}/erase`, body);
    expect(response.status).toBe(422);
  },
);

test("POST /archive passes the wish on and the report back", async () => {
  const wishes: unknown[] = [];
  const url = await startServer({
    archive: async (wish) => {
      wishes.push(wish);
      return REPORT;
    },
  });
  for (const wish of [{}, { older_than_ms: 7, dry_run: true }]) {
    const response = await post(`${url}/archive`, wish);
    expect([response.status, await response.json()]).toEqual([200, REPORT]);
  }
  expect(wishes).toEqual([{ dry_run: false }, { older_than_ms: 7, dry_run: true }]);
  expect((await post(`${url}/archive`, { older_than_ms: -1 })).status).toBe(422);
});

test("POST /archive says that there is no cold tier", async () => {
  const response = await post(`${await startServer()}/archive`, {});
  expect([response.status, await response.json()]).toMatchObject([
    404,
    { detail: "No cold tier is configured: set COLD_URL for the worker" },
  ]);
});

const REPORT: ArchiveReport = {
  dry_run: false,
  ran: true,
  floor_before: null,
  floor: "2024-03-01T00:00:00Z",
  target: "2024-03-01T00:00:00Z",
  archived: [],
  events: 0,
  bytes: 0,
  is_cleared: true,
  elapsed_ms: 1,
};
