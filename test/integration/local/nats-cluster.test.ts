import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeEnvelope, encodeEvent } from "../../../contract/envelope.ts";
import type { Event } from "../../../contract/event.ts";
import {
  EVENTS_STREAM,
  eventsSubject,
  messageIdOf,
  STORE_CONSUMER,
} from "../../../contract/stream.ts";
import { createNatsPublisher } from "../../../edge/publish/nats-publisher.ts";
import { NATS_WEBSOCKET } from "../../../edge/publish/nats-websocket.ts";
import { answersTcp } from "../../../local/probes.ts";
import type { NatsService } from "../../support/nats.ts";
import { type NatsCluster, startNatsCluster } from "../../support/nats-cluster.ts";
import { poll } from "../../support/poll.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { openReplicatedStream, type ReplicatedStream } from "../../support/replicated-stream.ts";
import { isThorough } from "../../support/thoroughness.ts";
import { createEvents } from "../worker/publisher.ts";
import { killWorkers, startWorker, type WorkerProcess } from "../worker/worker-process.ts";

/** Between two messages: as fast as they go costs the processors of everybody else. */
const PAUSE_MS = 5;

let cluster: NatsCluster;

beforeAll(async () => {
  cluster = await startNatsCluster();
});

afterAll(() => cluster?.stop());

describe("prepareNatsCluster()", () => {
  it("is ready again alone while the other two run", async () => {
    for (const server of cluster.servers) {
      await server.kill();
      await server.restart();
    }
  });

  it("is ready only together with a majority", async () => {
    const [first, second, third] = cluster.servers;
    if (first === undefined || second === undefined || third === undefined) return;
    await Promise.all(cluster.servers.map((server) => server.kill()));
    let isReady = false;
    const starting = first.restart().then(() => {
      isReady = true;
    });
    await poll("the port", () =>
      answersTcp(first.port, new AbortController().signal, "", /^INFO .*"jetstream":true/),
    );
    expect(isReady).toBe(false);
    await Promise.all([starting, second.restart()]);
    await third.restart();
  });
});

describe("the worker on three servers", () => {
  const projectId = "cluster";
  let database: PostgresService;
  let sql: postgres.Sql;
  let stream: ReplicatedStream;
  let worker: WorkerProcess;
  let load: Load;

  beforeAll(async () => {
    database = await startPostgres();
    sql = postgres(database.url, { max: 1, onnotice: () => {} });
    const [server] = cluster.servers;
    if (server === undefined) throw new Error("Cannot start worker: the cluster has no server");
    const settings = { NATS_URL: cluster.url, STREAM_REPLICAS: "3" };
    worker = await startWorker({ databaseUrl: database.url, nats: server }, settings);
    await worker.waitUntilReady();
    stream = await openReplicatedStream(cluster);
  });

  beforeEach(() => {
    load = startLoad(cluster, projectId);
  });

  afterEach(() => load.stop());

  afterAll(async () => {
    await killWorkers();
    await stream?.close();
    await sql?.end({ timeout: 1 });
    await database?.stop();
  });

  it("has replicated streams and a replicated consumer", async () => {
    const { config } = await stream.manager.streams.info(EVENTS_STREAM);
    const consumer = await stream.manager.consumers.info(EVENTS_STREAM, STORE_CONSUMER);
    expect(config.num_replicas).toBe(3);
    expect(consumer.cluster?.replicas).toHaveLength(2);
  });

  it("stores every acknowledged event once, whichever server dies", async () => {
    const die = async (server: NatsService) => {
      await server.kill();
      await load.goesOn();
      await server.restart();
      await goesOn();
    };
    await die(await stream.leader());
    await die(await stream.consumerLeader());
    // One of them is the server that the worker is connected to.
    if (isThorough) for (const server of cluster.servers) await die(server);
    await expectAllStoredOnce();
  }, 300_000);

  it("stores every acknowledged event once when all servers die together", async () => {
    await load.goesOn();
    await Promise.all(cluster.servers.map((server) => server.kill()));
    await Promise.all(cluster.servers.map((server) => server.restart()));
    await load.goesOn();
    await goesOn();
    await expectAllStoredOnce();
  }, 180_000);

  /** Waits until what is acknowledged by now is stored. */
  async function goesOn(): Promise<void> {
    const last = load.acknowledged.at(-1) ?? "";
    await poll(
      "the last event stored",
      async () => (await sql`select 1 from events where event_id = ${last}`).length > 0,
      60_000,
    );
  }

  async function expectAllStoredOnce(): Promise<void> {
    await load.stop();
    await goesOn();
    // What the dead server had handed out comes again after the wait for acknowledgements, later than the last event.
    await poll("every acknowledged event stored", async () => {
      const stored = new Set(await storedIds());
      return load.acknowledged.every((id) => stored.has(id));
    });
    const ids = await storedIds();
    expect(ids).toHaveLength(new Set(ids).size);
    expect(worker.hasExited).toBe(false);
  }

  async function storedIds(): Promise<string[]> {
    const rows = await sql<{ event_id: string }[]>`
      select event_id from events where project_id = ${projectId}`;
    return rows.map(({ event_id }) => event_id);
  }
});

type Load = {
  /** Ids of events, in the order of their acknowledgement. */
  readonly acknowledged: readonly string[];
  /** Waits for the next acknowledgement. */
  goesOn(): Promise<void>;
  stop(): Promise<void>;
};

/** Publishes as the edge does, one message after the other, each until it is acknowledged. */
function startLoad(cluster: NatsCluster, projectId: string): Load {
  const servers = cluster.websocketUrl.split(",");
  const publisher = createNatsPublisher({ servers, ...cluster.edge, name: "test" }, NATS_WEBSOCKET);
  const acknowledged: string[] = [];
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      const events = createEvents(10);
      const message = toMessage(projectId, events);
      for (let isStored = false; !isStored && !isOver; ) {
        const { status } = await publisher.publish(message);
        isStored = status === "stored" || status === "duplicate";
        await delay(PAUSE_MS);
        if (isStored) acknowledged.push(...events.map(({ event_id }) => event_id));
      }
    }
  })();
  return {
    acknowledged,
    async goesOn() {
      const before = acknowledged.length;
      await poll("an acknowledgement", () => acknowledged.length > before, 60_000);
    },
    async stop() {
      isOver = true;
      await running;
    },
  };
}

function toMessage(projectId: string, events: readonly Event[]) {
  const header = { received_at: new Date().toISOString(), request_id: "test" };
  return {
    subject: eventsSubject(projectId),
    messageId: messageIdOf(projectId, events),
    payload: encodeEnvelope(header, events.map(encodeEvent)),
    events: events.length,
  };
}
