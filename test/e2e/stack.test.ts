import { readFile } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createUuidV7 } from "../../contract/uuid.ts";
import { isPortFree } from "../../local/free-port.ts";
import { answersStatus } from "../../local/probes.ts";
import { poll } from "../support/poll.ts";
import { findRunning, readProcessTree } from "../support/process-tree.ts";
import { PATIENT, type StackService, startStack, whileStopped } from "../support/stack.ts";
import { createStackClient, type StackClient } from "../support/stack-client.ts";
import { startSteadyPoster } from "../support/steady-poster.ts";
import { makeTempDir, type TempDir } from "../support/temp-dir.ts";

const TOTAL = { interval: "total", from: "2026-01-01", to: "2026-02-01" };

describe("npm start", () => {
  let dataDir: TempDir;
  const stacks = new Set<StackService>();

  beforeAll(async () => {
    dataDir = await makeTempDir("e2e-data");
  });
  afterAll(async () => {
    for (const stack of stacks) await stack.stop();
    await dataDir.remove();
  });

  async function start(env: Record<string, string> = {}): Promise<StackService> {
    const stack = await startStack({ env: { ...PATIENT, ...env } });
    stacks.add(stack);
    return stack;
  }

  it("again on the same data keeps keys and events, beside a second stack that knows neither", async () => {
    const events = Array.from({ length: 100 }, createEvent);
    const first = await start({ DATA_DIR: dataDir.path });
    const before = await createStackClient(first, "kept");
    // Acknowledged is enough: wherever they are when the stack stops.
    expect(await before.post(events)).toMatchObject({ accepted: 100 });
    await first.stop();

    const second = await start({ DATA_DIR: dataDir.path });
    expect(second).toMatchObject({
      write_key: first.write_key,
      read_key: first.read_key,
      database_url: first.database_url,
    });
    const after = await createStackClient(second, "kept");
    await after.waitUntilCounted();
    expect(await countEvents(after)).toBe(100);
    expect(await after.post(events)).toMatchObject({ accepted: 0, duplicate: 100 });
    expect(await after.post([createEvent()])).toMatchObject({ accepted: 1 });

    const beside = await start();
    const other = await createStackClient(beside, "kept");
    const foreign = await other.ask("top-events", TOTAL, {
      authorization: `Bearer ${after.readKey}`,
    });
    expect(foreign.status).toBe(401);
    expect(await other.post(events.slice(0, 7))).toMatchObject({ accepted: 7 });
    await Promise.all([other.waitUntilCounted(), after.waitUntilCounted()]);
    expect([await countEvents(other), await countEvents(after)]).toEqual([7, 101]);
    await beside.stop();
    expect(await after.post([createEvent()])).toMatchObject({ accepted: 1 });
  });

  it("on data in use refuses, and harms nobody", async () => {
    await expect(start({ DATA_DIR: dataDir.path })).rejects.toThrow("is in use");
    const [running] = [...stacks].filter((stack) => stack.dataDir === dataDir.path).slice(-1);
    if (running === undefined) throw new Error("Cannot test: no stack runs");
    const client = await createStackClient(running, "kept");
    expect(await client.post([createEvent()])).toMatchObject({ accepted: 1 });
  });

  it("ends at SIGINT with every process and listener", async () => {
    const [running] = [...stacks].filter((stack) => stack.dataDir === dataDir.path).slice(-1);
    if (running === undefined) throw new Error("Cannot test: no stack runs");
    const tree = readProcessTree(running.pid);
    // The supervisor, its watchdog, seven parts, and workerd below the edge.
    expect(tree.size).toBeGreaterThanOrEqual(10);
    const ports: Record<string, number> = JSON.parse(
      await readFile(join(dataDir.path, "ports.json"), "utf8"),
    );
    expect(await Promise.all(Object.values(ports).map(isPortFree))).not.toContain(true);
    process.kill(running.pid, "SIGINT");
    await poll("the end of every process", () => findRunning(tree).length === 0, 30_000);
    expect(await Promise.all(Object.values(ports).map(isPortFree))).not.toContain(false);
  });
});

describe("while a client posts steadily", () => {
  let stack: StackService;

  beforeAll(async () => {
    // What a killed worker held comes again so soon.
    stack = await startStack({ env: { ACK_WAIT_MS: "4000" } });
  });
  afterAll(async () => {
    await stack?.stop();
  });

  it.each(["redis", "nats", "worker", "database", "edge", "upstash-http", "neon-http"])(
    "kill -9 of %s costs no acknowledged event and doubles none",
    async (part) => {
      const client = await createStackClient(stack, `kill-${part}`);
      const poster = startSteadyPoster(client);
      try {
        await poll("the first events", () => poster.acknowledgedIds.size >= 30, 30_000);
        await stack.killPart(part);
        await waitUntilReady(stack);
        const readyAt = poster.acknowledgedIds.size;
        await poll("more events", () => poster.acknowledgedIds.size >= readyAt + 30, 30_000);
      } finally {
        await poster.stop();
      }
      await expectExactlyOnce(client, poster.acknowledgedIds);
    },
  );

  it("a Redis that does not answer costs no post", async () => {
    const client = await createStackClient(stack, "redis-silent");
    const ids = await whileStopped(stack, "redis", async () => {
      const acknowledged: string[] = [];
      for (let index = 0; index < 5; index += 1) {
        const event = createEvent();
        const response = await client.send(JSON.stringify(event));
        expect(response.status).toBe(202);
        expect(response.headers.has("ratelimit")).toBe(false);
        acknowledged.push(event.event_id);
      }
      return acknowledged;
    });
    await expectExactlyOnce(client, new Set(ids));
  });

  it("a NATS that does not answer costs no post, and the same body again no second row", async () => {
    const client = await createStackClient(stack, "nats-silent");
    const events = Array.from({ length: 20 }, createEvent);
    const post = () => Promise.all(events.map((event) => client.post(event)));
    await whileStopped(stack, "nats", async () => {
      for (const answer of await post()) expect(answer).toMatchObject({ accepted: 1 });
    });
    await waitUntilReady(stack);
    for (const { accepted, duplicate } of await post()) expect(accepted + duplicate).toBe(1);
    await expectExactlyOnce(client, idsOf(events));
  });

  it("an edge killed while NATS does not answer costs no acknowledged event", async () => {
    const client = await createStackClient(stack, "outbox-killed");
    const events = Array.from({ length: 20 }, createEvent);
    await whileStopped(stack, "nats", async () => {
      await Promise.all(events.map((event) => client.post(event)));
      await stack.killPart("edge");
    });
    await waitUntilReady(stack);
    await expectExactlyOnce(client, idsOf(events));
  });

  async function expectExactlyOnce(client: StackClient, ids: ReadonlySet<string>): Promise<void> {
    await client.waitUntilCounted();
    const sql = postgres(stack.database_url, { max: 1, onnotice: () => {} });
    const readIds = async () => {
      const rows = await sql<{ event_id: string }[]>`
        select event_id::text from events where project_id = ${client.projectId}`;
      return rows.map((row) => row.event_id).sort();
    };
    try {
      // `as_of` speaks of the stream alone: what an outbox holds comes later.
      await poll("every row", async () => (await readIds()).length >= ids.size, 30_000).catch(
        () => {},
      );
      expect(await readIds()).toEqual([...ids].sort());
    } finally {
      await sql.end({ timeout: 5 });
    }
  }
});

async function waitUntilReady(stack: StackService): Promise<void> {
  const urls = [`${stack.edge_url}/readyz`, `${stack.worker_url}/readyz`];
  await poll(
    "a stack that is ready again",
    async () => {
      const answers = urls.map((url) => answersStatus(url, AbortSignal.timeout(5_000), "ready"));
      return (await Promise.all(answers)).every((isReady) => isReady);
    },
    60_000,
  );
}

function createEvent() {
  return {
    event_id: createUuidV7(Date.now()),
    occurred_at: "2026-01-15T12:00:00.000Z",
    event_type: "e2e",
    user_id: "user-1",
  };
}

function idsOf(events: readonly { event_id: string }[]): ReadonlySet<string> {
  return new Set(events.map((event) => event.event_id));
}

async function countEvents(client: StackClient): Promise<number> {
  const { data } = await client.read("events", TOTAL);
  const [{ value } = { value: Number.NaN }] = data as { value: number }[];
  return value;
}
