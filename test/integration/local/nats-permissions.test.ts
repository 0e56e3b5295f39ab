/** Who may do what in NATS, under the configurations of npm start and of docker compose. What sluice itself does is in operate.test.ts. */
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { connect as connectWebsocket, type NatsConnection as WebsocketConnection } from "nats.ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  DEAD_STREAM,
  EDGE_INBOX,
  EVENTS_STREAM,
  OPERATOR_INBOX,
} from "../../../contract/stream.ts";
import { createNatsPublisher } from "../../../edge/publish/nats-publisher.ts";
import { NATS_WEBSOCKET } from "../../../edge/publish/nats-websocket.ts";
import { connectNats } from "../../../worker/nats.ts";
import { prepareStreams } from "../../../worker/start-up.ts";
import { startDeployedNats } from "../../support/deployed-nats.ts";
import { type NatsLogin, type NatsService, startNats } from "../../support/nats.ts";

const STREAMS = { maxBytes: 16 * 1024 * 1024, maxAgeHours: 1, replicas: 1 };
/** So long that whoever is not told of a violation fails the test. */
const TIMEOUT_MS = 30_000;
const VIOLATION = /permissions violation/i;

const EDGE_MAY_NOT_PUBLISH = [
  "dead.demo.x",
  "$JS.ACK.EVENTS.store.1.1.1.1.1",
  "$JS.API.INFO",
  "$JS.API.STREAM.NAMES",
  "$JS.API.STREAM.INFO.EVENTS",
  "$JS.API.STREAM.CREATE.MINE",
  "$JS.API.STREAM.UPDATE.EVENTS",
  "$JS.API.STREAM.PURGE.EVENTS",
  "$JS.API.STREAM.DELETE.EVENTS",
  "$JS.API.STREAM.MSG.GET.EVENTS",
  "$JS.API.DIRECT.GET.EVENTS",
  "$JS.API.DIRECT.GET.EVENTS.events.demo",
  "$JS.API.CONSUMER.CREATE.EVENTS",
  "$JS.API.CONSUMER.CREATE.EVENTS.thief",
  "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.thief",
  "$JS.API.CONSUMER.MSG.NEXT.EVENTS.store",
  "$JS.API.STREAM.SNAPSHOT.EVENTS",
  "$KV.bucket.key",
  "$SYS.REQ.SERVER.PING",
  "_INBOX.worker.x",
  "_INBOX.operator.x",
  "sluice.cancelled.replay-1",
];

const WORKER_MAY_NOT_PUBLISH = [
  "events.demo",
  "$JS.API.STREAM.CREATE.OTHER",
  "$JS.API.STREAM.INFO.OTHER",
  "$JS.API.STREAM.MSG.GET.OTHER",
  "$JS.API.STREAM.DELETE.EVENTS",
  "$JS.API.STREAM.DELETE.EVENTS_DEAD",
  "$JS.API.STREAM.SNAPSHOT.EVENTS",
  "$JS.API.STREAM.PURGE.EVENTS_DEAD",
  "$JS.API.STREAM.MSG.DELETE.EVENTS",
  "$JS.API.CONSUMER.CREATE.EVENTS",
  "$JS.API.CONSUMER.CREATE.EVENTS.another",
  "$JS.API.CONSUMER.CREATE.OTHER.x",
  "$JS.API.CONSUMER.DELETE.EVENTS.store",
  "$JS.API.CONSUMER.MSG.NEXT.OTHER.x",
  "$JS.ACK.OTHER.store.1.1.1.1.1",
  "$KV.bucket.key",
  "$SYS.REQ.SERVER.PING",
  "_INBOX.operator.x",
  "sluice.cancelled.replay-1",
];

const OPERATOR_MAY_NOT_PUBLISH = [
  "dead.demo.x",
  "$JS.ACK.EVENTS.store.1.1.1.1.1",
  "$JS.API.STREAM.CREATE.OTHER",
  "$JS.API.STREAM.CREATE.EVENTS",
  "$JS.API.STREAM.INFO.OTHER",
  "$JS.API.STREAM.DELETE.EVENTS",
  "$JS.API.STREAM.DELETE.EVENTS_DEAD",
  "$JS.API.STREAM.PURGE.EVENTS",
  "$JS.API.STREAM.MSG.DELETE.EVENTS",
  "$JS.API.CONSUMER.CREATE.EVENTS",
  "$JS.API.CONSUMER.CREATE.EVENTS.store",
  "$JS.API.CONSUMER.CREATE.EVENTS.store.events.demo",
  "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.store",
  "$JS.API.CONSUMER.MSG.NEXT.EVENTS.store",
  "$JS.API.CONSUMER.DELETE.EVENTS.store",
  "$KV.bucket.key",
  "$SYS.REQ.SERVER.PING",
  "_INBOX.worker.x",
];

/** The worker is sent events on inboxes of its own, the operator dead letters. */
const NOBODY_MAY_READ = [
  "events.>",
  "events.demo",
  "dead.>",
  ">",
  "*.>",
  "_INBOX.>",
  "_INBOX.*",
  "_INBOX.*.*",
  "$JS.API.>",
  "$JS.EVENT.ADVISORY.>",
  "$SYS.>",
];

describe.each([
  ["npm start", startNats],
  ["docker compose", startDeployedNats],
] as const)("NATS as configured for %s", (_name, start) => {
  let nats: NatsService;
  let edge: WebsocketConnection;
  let worker: NatsConnection;
  let operator: NatsConnection;
  let tester: NatsConnection;
  let manager: JetStreamManager;

  beforeAll(async () => {
    nats = await start();
    edge = await openWebsocket(nats.edge);
    operator = await open(nats.operator, OPERATOR_INBOX);
    tester = await open(nats.tester);
    manager = await jetstreamManager(tester);
    const { user, password } = nats.worker;
    worker = await connectNats({
      NATS_URL: [nats.url],
      NATS_USER: user,
      NATS_PASSWORD: password,
    });
    await prepareStreams(worker, STREAMS, 10_000);
    await manager.streams.add({ name: "OTHER", subjects: ["other.>"] });
  });

  afterAll(async () => {
    for (const connection of [edge, worker, operator, tester]) await connection?.close();
    await nats?.stop();
  });

  describe("the edge", () => {
    it("publishes events and is told when they are stored", async () => {
      const publisher = createEdgePublisher();
      expect(await publisher.publish(messageTo("events.demo"))).toEqual({ status: "stored" });
      expect(await publisher.publish(messageTo("events.demo"))).toEqual({ status: "duplicate" });
    });

    it("says why when it may not", async () => {
      const outcome = await createEdgePublisher().publish(messageTo("dead.demo.x"));
      expect(outcome).toMatchObject({ reason: expect.stringMatching(/PERMISSIONS_VIOLATION/) });
    });

    it.each(EDGE_MAY_NOT_PUBLISH)("may not publish to %s", async (subject) => {
      const request = edge.request(subject, undefined, { timeout: TIMEOUT_MS });
      await expect(request).rejects.toThrow(VIOLATION);
    });

    it.each([...NOBODY_MAY_READ, "_INBOX.worker.>", "_INBOX.operator.>", "sluice.>"])(
      "may not read %s",
      async (subject) => {
        await expect(firstOf(edge.subscribe(subject))).rejects.toThrow(VIOLATION);
      },
    );

    // The server answers every event. It does not ask whether the sender might write where the answer is to go.
    it.each([
      "$JS.API.STREAM.PURGE.EVENTS",
      "$JS.API.STREAM.PURGE.EVENTS_DEAD",
      "$JS.API.STREAM.DELETE.EVENTS",
      "$JS.API.STREAM.MSG.DELETE.EVENTS",
      "$JS.API.CONSUMER.DELETE.EVENTS.store",
      "dead.demo.x",
      "events.other",
      "other.x",
      "_INBOX.worker.x",
      "_INBOX.operator.x",
      "sluice.cancelled.replay-1",
    ])("cannot have the server answer to %s", async (reply) => {
      const seen: string[] = [];
      const spy = tester.subscribe(reply, {
        callback: (_, message) => {
          seen.push(message.string());
        },
      });
      await tester.flush();
      const before = await counts();
      // The first answer counts the message that the second one is.
      edge.publish("events.reply", undefined, { reply });
      await edge.request("events.reply", undefined, { timeout: TIMEOUT_MS });
      await tester.flush();
      spy.unsubscribe();
      expect(await counts()).toEqual({ ...before, events: before.events + 2 });
      expect(seen).toEqual([]);
    });
  });

  describe("the worker", () => {
    it.each(WORKER_MAY_NOT_PUBLISH)("may not publish to %s", async (subject) => {
      const request = worker.request(subject, "", { timeout: TIMEOUT_MS });
      await expect(request).rejects.toThrow(VIOLATION);
    });

    it.each([...NOBODY_MAY_READ, "_INBOX.edge.>", "_INBOX.operator.>", "sluice.>"])(
      "may not read %s",
      async (subject) => {
        await expect(firstOf(worker.subscribe(subject))).rejects.toThrow(VIOLATION);
      },
    );
  });

  describe("the operator", () => {
    it.each(OPERATOR_MAY_NOT_PUBLISH)("may not publish to %s", async (subject) => {
      const request = operator.request(subject, "", { timeout: TIMEOUT_MS });
      await expect(request).rejects.toThrow(VIOLATION);
    });

    it.each([...NOBODY_MAY_READ, "_INBOX.edge.>", "_INBOX.worker.>"])(
      "may not read %s",
      async (subject) => {
        await expect(firstOf(operator.subscribe(subject))).rejects.toThrow(VIOLATION);
      },
    );

    it("looks around, and gives a stream more room", async () => {
      const own = await jetstreamManager(operator);
      expect((await own.streams.info(EVENTS_STREAM)).config.max_bytes).toBe(STREAMS.maxBytes);
      const { config } = await own.streams.update(DEAD_STREAM, { max_bytes: 2 * 1024 * 1024 });
      expect(config.max_bytes).toBe(2 * 1024 * 1024);
    });
  });

  it.each(["worker", "operator"] as const)(
    "the %s does not come in by the WebSocket",
    async (name) => {
      await expect(openWebsocket(nats[name])).rejects.toThrow(/authorization.violation/i);
    },
  );

  it.each(["edge", "worker", "operator"] as const)("the %s needs its password", async (name) => {
    for (const password of ["wrong", "", nats.tester.password]) {
      const login = { user: nats[name].user, password };
      await expect(open(login)).rejects.toThrow(/authorization violation/i);
      await expect(openWebsocket(login)).rejects.toThrow(/authorization.violation/i);
    }
  });

  it("nobody comes in without a user", async () => {
    await expect(connect({ servers: nats.url })).rejects.toThrow(/authorization violation/i);
    const websocket = connectWebsocket({ servers: nats.websocketUrl });
    await expect(websocket).rejects.toThrow(/authorization.violation/i);
  });

  function open({ user, password }: NatsLogin, inboxPrefix = "_INBOX"): Promise<NatsConnection> {
    return connect({ servers: nats.url, user, pass: password, inboxPrefix });
  }

  function openWebsocket({ user, password }: NatsLogin): Promise<WebsocketConnection> {
    const servers = nats.websocketUrl;
    return connectWebsocket({ servers, user, pass: password, inboxPrefix: EDGE_INBOX });
  }

  function createEdgePublisher() {
    return createNatsPublisher(
      { servers: [nats.websocketUrl], ...nats.edge, name: "test" },
      NATS_WEBSOCKET,
    );
  }

  async function counts() {
    const count = async (stream: string) => (await manager.streams.info(stream)).state.messages;
    const consumers = (await manager.streams.info(EVENTS_STREAM)).state.consumer_count;
    return {
      events: await count(EVENTS_STREAM),
      dead: await count(DEAD_STREAM),
      other: await count("OTHER"),
      consumers,
    };
  }
});

function messageTo(subject: string) {
  return { subject, messageId: "id", payload: new Uint8Array(1), events: 1 };
}

/** Rejects when the subscription is refused. */
async function firstOf<Message>(
  subscription: AsyncIterable<Message>,
): Promise<Message | undefined> {
  for await (const message of subscription) return message;
  return undefined;
}
