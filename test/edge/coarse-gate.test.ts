import { describe, expect, it } from "vitest";
import { createKey } from "../../contract/key.ts";
import { type CoarseGateOptions, createCoarseGate } from "../../edge/limits/coarse-gate.ts";
import { createLimitCounters } from "../../edge/limits/limit-counters.ts";
import {
  createTestApp,
  NOW_MS,
  post,
  READ_KEY,
  SECRET,
  sampleEvent,
  WRITE_CLAIMS,
  WRITE_KEY,
} from "./test-app.ts";

const FORGED = createKey(WRITE_CLAIMS, "a guess");
const LATER_KEY = createKey({ ...WRITE_CLAIMS, kid: "k2" }, SECRET);

/** The binding's double: so many for each key, and never again. */
function binding(limit: number) {
  const counts = new Map<string, number>();
  return {
    counts,
    async limit({ key }: { key: string }) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return { success: (counts.get(key) ?? 0) <= limit };
    },
  };
}

function createGatedApp(gates: Partial<CoarseGateOptions>) {
  let nowMs = NOW_MS;
  const now = () => nowMs;
  const limitCounters = createLimitCounters();
  const ignore = { warn: () => {} };
  const gate = createCoarseGate({
    project: undefined,
    refusedKeys: undefined,
    counters: limitCounters,
    logger: ignore,
    now,
    ...gates,
  });
  const app = createTestApp({ now, gate, limitCounters });
  const send = (key: string, address = "203.0.113.7") =>
    app.fetch(
      "/v1/events",
      post(sampleEvent(), { authorization: `Bearer ${key}`, "cf-connecting-ip": address }),
    );
  const wait = (ms: number) => {
    nowMs += ms;
  };
  return { ...app, send, wait, limitCounters };
}

describe("The coarse gate of a project", () => {
  it("counts every request with a genuine key by project, and answers 429 with nothing stored", async () => {
    const project = binding(2);
    const { fetch, send, published, limitCounters } = createGatedApp({ project });
    const read = { headers: { authorization: `Bearer ${READ_KEY}` } };
    expect((await fetch("/v1/events", read)).status).toBe(200);
    expect((await send(WRITE_KEY)).status).toBe(202);
    const before = published().length;
    const response = await send(WRITE_KEY);
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "10"]);
    expect(await response.json()).toMatchObject({
      type: "/problems/rate-limited",
      detail: "The project sends too many requests to this location: send fewer",
      "violated-policies": ["project-gate"],
    });
    expect(published()).toHaveLength(before);
    expect([...project.counts]).toEqual([["demo", 3]]);
    expect(limitCounters.refused["project-gate"]).toBe(1);
    const other = createKey({ scope: "r", projectId: "other", kid: "k1" }, SECRET);
    const headers = { authorization: `Bearer ${other}` };
    expect((await fetch("/v1/events", { headers })).status).toBe(200);
  });

  it("comes after authentication: who has no key takes nothing of a project", async () => {
    const project = binding(1);
    const { send } = createGatedApp({ project });
    expect((await send(FORGED)).status).toBe(401);
    expect(project.counts.size).toBe(0);
  });

  it.each([
    ["fails", () => Promise.reject(new Error("internal"))],
    ["does not answer", () => new Promise<never>(() => {})],
  ])("lets pass when its binding %s, which is counted", async (_, limit) => {
    const gates = { project: { limit }, refusedKeys: { limit } };
    const { send, limitCounters } = createGatedApp(gates);
    expect((await send(WRITE_KEY)).status).toBe(202);
    expect((await send(FORGED)).status).toBe(401);
    expect(limitCounters.unchecked.gate).toBe(2);
  });

  it("is no gate where there is no binding", async () => {
    const { send, limitCounters } = createGatedApp({});
    for (let index = 0; index < 20; index += 1) {
      expect((await send(FORGED)).status).toBe(401);
      expect((await send(WRITE_KEY)).status).toBe(202);
    }
    expect(limitCounters.unchecked.gate).toBe(0);
  });
});

describe("The coarse gate of refused keys", () => {
  async function guessTooOften() {
    const app = createGatedApp({ refusedKeys: binding(2) });
    expect((await app.send(WRITE_KEY)).status).toBe(202);
    const statuses = [];
    for (let index = 0; index < 4; index += 1) statuses.push((await app.send(FORGED)).status);
    expect(statuses).toEqual([401, 401, 429, 429]);
    return app;
  }

  it("answers 429 to too many wrong keys of one address", async () => {
    const { send, limitCounters } = await guessTooOften();
    const response = await send(FORGED);
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "10"]);
    expect(await response.json()).toMatchObject({
      type: "/problems/rate-limited",
      detail: "Too many keys from this address were refused: send a valid key later",
      "violated-policies": ["refused-keys"],
    });
    expect(limitCounters.refused["refused-keys"]).toBe(3);
  });

  it("tells no guesser that a guess is right", async () => {
    const { send, published } = await guessTooOften();
    const before = published().length;
    expect((await send(LATER_KEY)).status).toBe(429);
    expect(published()).toHaveLength(before);
  });

  it("lets a key pass that was good before: a guesser's neighbours may have its address", async () => {
    const { send } = await guessTooOften();
    expect((await send(WRITE_KEY)).status).toBe(202);
  });

  it("ends by itself", async () => {
    const { send, wait } = await guessTooOften();
    wait(9_999);
    expect((await send(LATER_KEY)).status).toBe(429);
    wait(1);
    expect((await send(LATER_KEY)).status).toBe(202);
  });

  it("does not reach another address, or who sends no key", async () => {
    const { fetch, send } = await guessTooOften();
    expect((await send(FORGED, "203.0.113.8")).status).toBe(401);
    expect((await send(LATER_KEY, "203.0.113.8")).status).toBe(202);
    const headers = { "cf-connecting-ip": "203.0.113.7" };
    expect((await fetch("/v1/events", { method: "POST", headers })).status).toBe(401);
    expect((await fetch("/healthz", { headers })).status).toBe(200);
  });

  it("takes the addresses of one IPv6 network together", async () => {
    const { send } = createGatedApp({ refusedKeys: binding(2) });
    const statuses = [];
    for (const last of ["1", "2", "3", "4:5"]) {
      statuses.push((await send(FORGED, `2001:db8:1:2::${last}`)).status);
    }
    expect(statuses).toEqual([401, 401, 429, 429]);
    expect((await send(FORGED, "2001:db8:1:3::1")).status).toBe(401);
  });
});
