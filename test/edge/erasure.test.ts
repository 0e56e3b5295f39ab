import { describe, expect, it } from "vitest";
import { ProblemError } from "../../edge/http/problem.ts";
import type { WorkerClient } from "../../edge/store/worker-client.ts";
import { ADMIN_KEY, createTestApp, emptyStore, NOW_MS, OTHER_KEY, READ_KEY } from "./test-app.ts";

const ERASURE = { erased_at: "2026-06-01T12:00:00.000Z", removed: { hot: 3, cold: 40 } };

function createErasureApp(answer: () => Promise<unknown> = async () => ERASURE) {
  const calls: unknown[][] = [];
  let nowMs = NOW_MS;
  let reads = 0;
  const worker: Pick<WorkerClient, "ask"> = {
    async ask<Answer>(...call: unknown[]) {
      calls.push(call);
      return (await answer()) as Answer;
    },
  };
  const app = createTestApp({
    now: () => nowMs,
    worker: worker as WorkerClient,
    store: {
      ...emptyStore(),
      readStats: async () => {
        reads += 1;
        return { rows: [], asOf: null, sources: [] };
      },
    },
  });
  const erase = (segment: string, key = ADMIN_KEY) =>
    app.fetch(`/v1/users/${segment}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${key}` },
    });
  const readStats = async (key: string) => {
    nowMs += 1;
    await app.fetch(`/v1/stats/top-events?from=2026-01-01&to=2026-02-01&key=${key}`);
    nowMs += 1;
    return reads;
  };
  return { app, calls, erase, readStats };
}

describe("DELETE /v1/users/{user_id}", () => {
  it("answers what was removed, and until when caches may remember", async () => {
    const { erase, calls } = createErasureApp();
    const response = await erase("a%2Fb");
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      user_id: "a/b",
      ...ERASURE,
      caches_until: "2026-06-01T12:10:00.000Z",
    });
    expect(calls).toEqual([["/erase", { project_id: "demo", user_id: "a/b" }, 60_000]]);
  });

  it.each([
    ["it works", async () => ERASURE],
    [
      "it fails, for part of the user may be gone",
      async () => {
        throw new ProblemError("store-timeout");
      },
    ],
  ])("makes the isolate forget the project's statistics when %s", async (_, answer) => {
    const { erase, readStats } = createErasureApp(answer);
    await readStats(READ_KEY);
    expect(await readStats(READ_KEY)).toBe(1);
    expect(await readStats(OTHER_KEY)).toBe(2);
    await erase("u");
    expect(await readStats(READ_KEY)).toBe(3);
    expect(await readStats(OTHER_KEY)).toBe(3);
  });

  it("504 when the worker takes too long", async () => {
    const { erase } = createErasureApp(async () => {
      throw new ProblemError("store-timeout", {
        detail: "The worker did not answer within 60 s",
        headers: { "retry-after": "5" },
      });
    });
    const response = await erase("u");
    expect(response.status).toBe(504);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await response.json()).toMatchObject({
      type: "/problems/store-timeout",
      detail: "The worker did not answer within 60 s",
    });
  });

  it("503 that says why where the edge has no worker", async () => {
    const { fetch } = createTestApp();
    const response = await fetch(`/v1/users/u?key=${ADMIN_KEY}`, { method: "DELETE" });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      detail:
        "Users are erased by the worker, and this edge is not given its address (WORKER_URL, WORKER_TOKEN)",
    });
  });

  it("answers 422 for what cannot be a user", async () => {
    const { erase, calls } = createErasureApp();
    for (const [segment, detail] of [
      ["x".repeat(201), "user_id is longer than 200 characters"],
      ["%ff", "user_id is not percent-encoded UTF-8"],
    ]) {
      const response = await erase(String(segment));
      expect(response.status).toBe(422);
      expect(await response.json()).toMatchObject({ errors: [{ pointer: "/user_id", detail }] });
    }
    expect(calls).toEqual([]);
  });

  it("needs an admin key, and DELETE", async () => {
    const { app, erase, calls } = createErasureApp();
    const response = await erase("u", READ_KEY);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      detail: "This route needs an admin key, this is a read key",
    });
    expect((await app.fetch("/v1/users/u", { method: "DELETE" })).status).toBe(401);
    const got = await app.fetch(`/v1/users/u?key=${ADMIN_KEY}`);
    expect([got.status, got.headers.get("allow")]).toEqual([405, "DELETE"]);
    expect(calls).toEqual([]);
  });
});
