/** Logging in with .creds files: the worker and the command line over TCP, the edge over the WebSocket and over TCP. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { EVENTS_STREAM } from "../../../contract/stream.ts";
import { parseConfig } from "../../../edge/env.ts";
import { NATS_TCP } from "../../../edge/node/nats-tcp.ts";
import { createNatsPublisher, type NatsPublisher } from "../../../edge/publish/nats-publisher.ts";
import { NATS_WEBSOCKET } from "../../../edge/publish/nats-websocket.ts";
import { parseEnv } from "../../../worker/env.ts";
import { connectNats, failWhenRefused } from "../../../worker/nats.ts";
import { prepareStreams } from "../../../worker/start-up.ts";
import { type NatsOperatorService, startNatsOperator } from "../../support/nats-operator.ts";
import { poll } from "../../support/poll.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { runSluice } from "../cli/run-sluice.ts";
import { createEvents, startEdge } from "../edge/edge-process.ts";
import { killWorkers, startWorker } from "../worker/worker-process.ts";

const STREAMS = { maxBytes: 16 * 1024 * 1024, maxAgeHours: 1, replicas: 1 };
const DOORS = ["websocket", "tcp"] as const;
const WRONG = ["expired", "stranger", "mixed"] as const;

let nats: NatsOperatorService;
let tempDir: TempDir;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  [nats, tempDir] = await Promise.all([startNatsOperator(), makeTempDir("creds")]);
  const worker = await openWorker(nats.creds.worker);
  await prepareStreams(worker, STREAMS, 10_000);
});

afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close();
});

afterAll(async () => {
  await Promise.all([nats?.stop(), tempDir?.remove()]);
});

describe("the worker", () => {
  it("keeps the streams with the creds of a file, however its lines end", async () => {
    for (const text of variantsOf(nats.creds.worker)) {
      const worker = await openWorker(text);
      await prepareStreams(worker, STREAMS, 10_000);
    }
  });

  it.each(WRONG)("does not come in with creds that are %s", async (name) => {
    const connecting = openWorker(nats.creds[name]);
    await expect(connecting).rejects.toThrow(/^(?!.*(eyJ|SU[A-Z2-7])).*authorization violation/i);
  });

  it("is told when its creds expire while it runs", async () => {
    const worker = await openWorker(await nats.expiringIn(2));
    await expect(failWhenRefused(worker)).rejects.toThrow(
      /^Cannot go on: NATS refuses the worker: .*(authorization violation|authentication expired)/i,
    );
  });

  it("is told when its account has no JetStream", async () => {
    const worker = await openWorker(nats.creds.elsewhere);
    await expect(prepareStreams(worker, STREAMS, 10_000)).rejects.toThrow(
      /jetstream.*not enabled/i,
    );
  });
});

describe.each(DOORS)("the edge by %s", (door) => {
  it.each(["edge", "beside"] as const)("publishes with the creds of %s", async (name) => {
    const before = await countEvents();
    const publisher = openEdge(nats.creds[name], door);
    const message = messageTo("events.demo");
    expect(await publisher.publish(message)).toEqual({ status: "stored" });
    expect(await publisher.publish(message)).toEqual({ status: "duplicate" });
    expect(await countEvents()).toBe(before + 1);
  });

  // At once: each tries again for seconds.
  it("is told why it may not publish", async () => {
    const publish = (creds: string, subject = "events.demo") =>
      openEdge(creds, door).publish(messageTo(subject));
    const refused = Promise.all(WRONG.map((name) => publish(nats.creds[name])));
    const [forbidden, unanswered] = await Promise.all([
      publish(nats.creds.edge, "dead.demo.x"),
      publish(nats.creds.elsewhere),
    ]);
    const reason = expect.stringMatching(/^authorization.violation$/i);
    expect(await refused).toEqual(WRONG.map(() => ({ status: "unreachable", reason })));
    expect(forbidden).toMatchObject({ reason: expect.stringMatching(/permissions.violation/i) });
    expect(unanswered).toMatchObject({ status: "unreachable" });
  });
});

describe("as whole processes", () => {
  const nobody = { user: "", password: "" };
  const databaseUrl = "postgres://me:x@127.0.0.1:1/db";

  afterEach(killWorkers);

  it("the edge answers 202 when the stream has the event", async () => {
    const settings = { NATS_CREDS: nats.creds.edge, OUTBOX_MAX_BYTES: "0" };
    const edge = await startEdge({ ...nats, edge: nobody }, settings);
    try {
      expect((await edge.post("demo", createEvents(1))).status).toBe(202);
    } finally {
      await edge.stop();
    }
  });

  it("a worker that is refused ends with 1, and says why without a secret", async () => {
    const NATS_CREDS = nats.creds.expired;
    const worker = await startWorker(
      { databaseUrl, nats: { ...nats, worker: nobody } },
      { NATS_CREDS },
    );
    expect(await worker.ended()).toBe(1);
    const words = await poll("why", () => worker.logs.find(({ msg }) => msg === "worker failed"));
    expect(JSON.stringify(words.err)).toMatch(/authorization violation/i);
    expect(JSON.stringify(worker.logs)).not.toMatch(/eyJ|SU[A-Z2-7]{8}/);
  });
});

describe("the command line", () => {
  it.each(["dead", "replay"])("sluice %s list uses the operator's creds", async (command) => {
    const { code, stderr } = await sluice(command, {
      NATS_CREDS_FILE: await write(nats.creds.operator),
    });
    expect(stderr).not.toMatch(/^sluice:/m);
    expect(code).toBe(0);
  });

  it("says that it is refused, and not with what", async () => {
    const { code, stderr } = await sluice("dead", { NATS_CREDS: nats.creds.expired });
    expect(stderr).toBe(
      `sluice: Cannot connect to NATS at ${new URL(nats.url).host}: it refuses NATS_CREDS: they have expired, were revoked, or are of another account or operator\n`,
    );
    expect(code).toBe(1);
  });
});

async function openWorker(creds: string): Promise<NatsConnection> {
  const NATS_CREDS_FILE = await write(creds);
  const env = parseEnv({ NATS_URL: nats.url, NATS_CREDS_FILE, DATABASE_URL: "postgres://h/d" });
  const connection = await connectNats(env);
  open.push(connection);
  return connection;
}

function openEdge(creds: string, door: (typeof DOORS)[number]): NatsPublisher {
  const config = parseConfig({
    KEY_SECRET: "k".repeat(32),
    UPSTASH_REDIS_REST_URL: "http://redis",
    UPSTASH_REDIS_REST_TOKEN: "token",
    DATABASE_URL: "postgres://h/d",
    NATS_URL: door === "tcp" ? nats.url : nats.websocketUrl,
    NATS_CREDS: creds.replaceAll("\n", "\\n"),
  });
  const transport = door === "tcp" ? NATS_TCP : NATS_WEBSOCKET;
  const publisher = createNatsPublisher({ ...config.nats, name: "test" }, transport);
  open.push(publisher);
  return publisher;
}

function sluice(command: string, settings: Readonly<Record<string, string>>) {
  const env = { NATS_URL: nats.url, ...settings };
  const run = runSluice([command, "list"], { cwd: tempDir.path, env });
  run.child.stdin?.end();
  return run.done;
}

async function countEvents(): Promise<number> {
  const authenticator = credsAuthenticator(new TextEncoder().encode(nats.creds.beside));
  const connection = await connect({ servers: nats.url, authenticator });
  const { state } = await (await jetstreamManager(connection)).streams.info(EVENTS_STREAM);
  await connection.close();
  return state.messages;
}

let files = 0;

async function write(text: string): Promise<string> {
  files += 1;
  const path = join(tempDir.path, `${files}.creds`);
  await writeFile(path, text);
  return path;
}

function variantsOf(creds: string): string[] {
  return [creds, creds.trimEnd(), creds.replaceAll("\n", "\r\n"), `${creds}\n${"*".repeat(60)}\n`];
}

let messages = 0;

function messageTo(subject: string) {
  messages += 1;
  return { subject, messageId: `id-${messages}`, payload: new Uint8Array(1), events: 1 };
}
