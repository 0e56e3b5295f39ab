import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { createKey } from "../../../contract/key.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { sendGet } from "./abandoned-request.ts";
import { type EdgeProcess, KEY_SECRET, startEdge } from "./edge-process.ts";
import {
  startWorkerDouble,
  WORKER_TOKEN,
  type WorkerCall,
  type WorkerDouble,
} from "./worker-double.ts";

let nats: NatsService;
let worker: WorkerDouble;
let edge: EdgeProcess;
let onCall: (call: WorkerCall) => void;

beforeAll(async () => {
  worker = await startWorkerDouble((call) => onCall(call));
  nats = await startNats();
  // Without a database of its own the edge asks the worker for everything.
  edge = await startEdge(nats, { DATABASE_URL: "", WORKER_URL: worker.url, WORKER_TOKEN });
});
afterAll(async () => {
  await edge?.stop();
  await nats?.stop();
  await worker?.close();
});

/** Each test has a project, so that no answer of another is kept for it. */
let projectId: string;
beforeEach(() => {
  projectId = randomUUID();
  onCall = (call) => call.answer(READING);
});

const READING = {
  rows: [{ event_type: "signup", events: 5, users: 3 }],
  asOf: "2024-06-01T00:00:00Z",
  sources: ["user_days"],
};
const PATH = "/v1/stats/top-events?from=2024-01-01&to=2024-02-01";

type Answer = { data: unknown; meta: { cache: string } };

const keyOf = (project: string) =>
  createKey({ scope: "r", projectId: project, kid: "k1" }, KEY_SECRET);

function get(path = PATH, project = projectId): Promise<Response> {
  return fetch(edge.url + path, { headers: { authorization: `Bearer ${keyOf(project)}` } });
}

async function read(path?: string): Promise<Answer> {
  const response = await get(path);
  expect(response.status).toBe(200);
  return response.json() as Promise<Answer>;
}

const callsOf = (project: string) => worker.calls.filter(({ body }) => body.project_id === project);

describe("statistics", () => {
  it("ask once for 1,000 concurrent reads, and then no more", async () => {
    onCall = (call) => setTimeout(() => call.answer(READING), 500);
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => read()));
    expect(callsOf(projectId)).toHaveLength(1);
    expect(new Set(answers.map(({ data }) => JSON.stringify(data)))).toEqual(
      new Set([JSON.stringify([{ event_type: "signup", events: 5, users: 3 }])]),
    );
    expect((await read()).meta.cache).toBe("hit");
    expect(callsOf(projectId)).toHaveLength(1);
  });

  it("give the others their answer when the one who asked hangs up", async () => {
    const asked = Promise.withResolvers<WorkerCall>();
    onCall = asked.resolve;
    const leader = await sendGet(edge.url + PATH, keyOf(projectId));
    const call = await asked.promise;
    const followers = Array.from({ length: 50 }, () => read());
    leader.hangUp();
    // The others have joined once a later request has been answered.
    await fetch(`${edge.url}/healthz`);
    onCall = (later) => later.answer(READING);
    call.answer(READING);
    for (const { data } of await Promise.all(followers)) expect(data).toEqual(READING.rows);
    expect(callsOf(projectId)).toHaveLength(1);
  });

  it("take what a later one is told when the first never is", async () => {
    const asked = Promise.withResolvers<void>();
    onCall = () => asked.resolve();
    const leader = await sendGet(edge.url + PATH, keyOf(projectId));
    await asked.promise;
    leader.hangUp();
    onCall = (call) => call.answer(READING);
    const answers = await Promise.all(Array.from({ length: 50 }, () => read()));
    for (const { data } of answers) expect(data).toEqual(READING.rows);
    expect(callsOf(projectId)).toHaveLength(2);
  });

  it("all fail when the store does, and the next one asks again", async () => {
    const problem = { type: "/problems/store-unavailable", status: 503, detail: "It is away" };
    onCall = (call) => setTimeout(() => call.answer(problem, 503), 300);
    const responses = await Promise.all(Array.from({ length: 200 }, () => get()));
    expect(callsOf(projectId)).toHaveLength(1);
    for (const response of responses) {
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ detail: "It is away" });
    }
    onCall = (call) => call.answer(READING);
    expect((await read()).meta.cache).toBe("miss");
    expect(callsOf(projectId)).toHaveLength(2);
  });

  it("never give a project another's answer", async () => {
    const other = randomUUID();
    onCall = (call) => {
      const rows = [{ event_type: String(call.body.project_id), events: 1, users: 1 }];
      call.answer({ ...READING, rows });
    };
    const projects = Array.from({ length: 100 }, (_, index) => (index % 2 ? projectId : other));
    const ask = async (project: string) => (await get(PATH, project)).json();
    for (const round of [1, 2]) {
      const answers = (await Promise.all(projects.map(ask))) as { data: unknown[] }[];
      const types = answers.map(({ data }) => (data as { event_type: string }[])[0]?.event_type);
      expect(types, `round ${round}`).toEqual(projects);
    }
    expect(callsOf(projectId)).toHaveLength(1);
    expect(callsOf(other)).toHaveLength(1);
  });

  it("are asked anew in the background once they are stale", async () => {
    const path = "/v1/stats/top-events?from=2024-01-01&to=2030-01-01";
    await read(path);
    // A range that includes now is fresh for seconds.
    const stale = await poll("a stale answer", async () => {
      const answer = await read(path);
      return answer.meta.cache === "hit" ? undefined : answer;
    });
    expect(stale.meta.cache).toBe("stale");
    await poll("a fresh answer", async () => (await read(path)).meta.cache === "hit");
    expect(callsOf(projectId)).toHaveLength(2);
  });

  // Node has no cache beyond its process.
  const isShared = inject("edgeRuntime") === "workerd";
  it.runIf(isShared)("come from the cache that isolates share when one is new", async () => {
    const first = await read();
    await edge.restart();
    const second = await read();
    expect(second.data).toEqual(first.data);
    expect(second.meta.cache).toBe("hit");
    expect(callsOf(projectId)).toHaveLength(1);
  });
});
