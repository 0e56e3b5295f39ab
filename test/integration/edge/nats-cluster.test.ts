import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodeEnvelope } from "../../../contract/envelope.ts";
import { EVENTS_STREAM } from "../../../contract/stream.ts";
import { eventsStreamWish } from "../../../contract/stream-wish.ts";
import {
  createNatsPublisher,
  type NatsPublisher,
  type PublishOutcome,
} from "../../../edge/publish/nats-publisher.ts";
import { type NatsCluster, startNatsCluster } from "../../support/nats-cluster.ts";
import { poll } from "../../support/poll.ts";
import { openReplicatedStream, type ReplicatedStream } from "../../support/replicated-stream.ts";
import {
  createEvents,
  type EdgeProcess,
  idsOf,
  natsTransport,
  natsUrlOf,
  startEdge,
} from "./edge-process.ts";

const ELECTION_TIMEOUT_MS = 40_000;

let cluster: NatsCluster;
let stream: ReplicatedStream;

beforeAll(async () => {
  cluster = await startNatsCluster();
  stream = await openReplicatedStream(cluster);
});

afterAll(async () => {
  await stream?.close();
  await cluster?.stop();
});

beforeEach(() => createStream(100_000_000));

afterEach(removeStream);

describe("createNatsPublisher() on three servers", () => {
  it("is acknowledged within its deadline while a server is dead", async () => {
    const [dead] = await stream.followers();
    const publishers = Array.from({ length: 9 }, () => createPublisher());
    await publishAll(publishers);
    await dead.kill();
    try {
      expect(await publishAll(publishers)).toEqual(publishers.map(() => ({ status: "stored" })));
      expect(await publishAll([createPublisher(), createPublisher(), createPublisher()])).toEqual([
        { status: "stored" },
        { status: "stored" },
        { status: "stored" },
      ]);
    } finally {
      await dead.restart();
    }
  });

  it("is acknowledged within its deadline while a server hangs", async () => {
    const [hanging] = await stream.followers();
    const publishers = Array.from({ length: 9 }, () => createPublisher());
    await publishAll(publishers);
    process.kill(hanging.pid(), "SIGSTOP");
    try {
      expect(await publishAll(publishers)).toEqual(publishers.map(() => ({ status: "stored" })));
    } finally {
      process.kill(hanging.pid(), "SIGCONT");
    }
  });

  it("is never refused while a leader is elected, and is acknowledged by the next one", async () => {
    const publisher = createPublisher();
    const leader = await stream.leader();
    await leader.kill();
    try {
      const acknowledged = await poll(
        "an acknowledgement",
        async () => {
          const { status } = await publish(publisher, "elected");
          return status !== "unreachable" && status;
        },
        ELECTION_TIMEOUT_MS,
      );
      expect(acknowledged).toMatch(/stored|duplicate/);
    } finally {
      await leader.restart();
    }
  });

  it("is not acknowledged without a majority, and stored once when there is one again", async () => {
    const publisher = createPublisher();
    expect(await publish(publisher, "before")).toEqual({ status: "stored" });
    const followers = await stream.followers();
    await Promise.all(followers.map((server) => server.kill()));
    const outcome = await publish(publisher, "minority");
    await Promise.all(followers.map((server) => server.restart()));
    expect(outcome).toMatchObject({ status: "unreachable" });
    await poll(
      "an acknowledgement",
      async () => {
        const { status } = await publish(publisher, "minority");
        return status === "stored" || status === "duplicate";
      },
      ELECTION_TIMEOUT_MS,
    );
    expect(await countMessages()).toBe(2);
  });

  it("goes to servers that were away when it first connected", async () => {
    const publisher = createPublisher();
    const leader = await stream.leader();
    const followers = await stream.followers();
    await Promise.all(followers.map((server) => server.kill()));
    expect(await publish(publisher, "first")).toMatchObject({ status: "unreachable" });
    await Promise.all(followers.map((server) => server.restart()));
    await leader.kill();
    try {
      await poll(
        "an acknowledgement",
        async () => {
          const { status } = await publish(publisher, "second");
          return status === "stored" || status === "duplicate";
        },
        ELECTION_TIMEOUT_MS,
      );
    } finally {
      await leader.restart();
    }
  });

  it("is refused when the stream is full", async () => {
    await stream.manager.streams.update(EVENTS_STREAM, { max_bytes: 2_000 });
    const publisher = createPublisher();
    const outcomes = await publishAll(Array.from({ length: 30 }, () => publisher));
    const refused = outcomes.filter(({ status }) => status === "refused");
    expect(refused.length).toBeGreaterThan(0);
    for (const outcome of refused) {
      expect(outcome).toMatchObject({ reason: expect.stringContaining("maximum bytes exceeded") });
    }
    expect(outcomes.filter(({ status }) => status === "stored")).toHaveLength(
      await countMessages(),
    );
  });
});

describe("Publisher on three servers", () => {
  let edge: EdgeProcess;

  beforeAll(async () => {
    const [server] = cluster.servers;
    if (server === undefined) throw new Error("Cannot start edge: the cluster has no server");
    edge = await startEdge(server, { NATS_URL: natsUrlOf(cluster) });
  });

  afterAll(() => edge?.stop());

  it("accepts events while the leader dies, and each is in the stream once", async () => {
    const accepted: string[] = [];
    let isOver = false;
    const posting = (async () => {
      while (!isOver) {
        const events = createEvents(2);
        const response = await edge.post("elections", events);
        expect(response.status).toBe(202);
        accepted.push(...idsOf(events));
      }
    })();
    for (let round = 0; round < 2; round += 1) {
      const leader = await stream.leader();
      await leader.kill();
      await leader.restart();
    }
    isOver = true;
    await posting;
    const stored = await poll(
      "all events in the stream",
      async () => {
        const ids = await readIds();
        return ids.length >= accepted.length && ids;
      },
      60_000,
    );
    expect(stored.sort()).toEqual(accepted.sort());
  }, 180_000);
});

async function createStream(maxBytes: number): Promise<void> {
  const { subjects, ...wish } = eventsStreamWish({ maxBytes, maxAgeHours: 1, replicas: 3 });
  const config = { ...wish, subjects: [...subjects] };
  await poll("the stream", () => stream.manager.streams.add(config), ELECTION_TIMEOUT_MS);
}

/** A server that died may have led the cluster: nobody answers until another one does. */
function removeStream(): Promise<boolean> {
  const { streams } = stream.manager;
  const isGone = async () => {
    await streams.delete(EVENTS_STREAM).catch(() => {});
    return (await streams.names().next()).length === 0;
  };
  return poll("no stream", isGone, ELECTION_TIMEOUT_MS);
}

function createPublisher(): NatsPublisher {
  const servers = natsUrlOf(cluster).split(",");
  return createNatsPublisher({ servers, ...cluster.edge, name: "test" }, natsTransport());
}

function publish(publisher: NatsPublisher, messageId: string): Promise<PublishOutcome> {
  const payload = new Uint8Array(100);
  return publisher.publish({ subject: "events.demo", messageId, payload, events: 1 });
}

function publishAll(publishers: readonly NatsPublisher[]): Promise<PublishOutcome[]> {
  return Promise.all(publishers.map((publisher) => publish(publisher, crypto.randomUUID())));
}

function countMessages(): Promise<number> {
  return stream.manager.streams.info(EVENTS_STREAM).then(({ state }) => state.messages);
}

/** One for each time an event is in the stream. */
async function readIds(): Promise<string[]> {
  const { state } = await stream.manager.streams.info(EVENTS_STREAM);
  const ids: string[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await stream.manager.streams.getMessage(EVENTS_STREAM, { seq });
    if (message === null) continue;
    ids.push(...decodeEnvelope(message.data).events.map((event) => event.event_id));
  }
  return ids;
}
