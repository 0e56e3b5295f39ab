import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createKey } from "../../../contract/key.ts";
import { findFreePort } from "../../../local/free-port.ts";
import { nodeScript } from "../../../local/node-script.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { openRaw } from "../../support/raw-http.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { createEvents, idsOf, KEY_SECRET } from "./edge-process.ts";
import { type EventsStream, openEventsStream } from "./events-stream.ts";

let nats: NatsService;
let stream: EventsStream;
let folder: TempDir;

beforeAll(async () => {
  nats = await startNats();
  stream = await openEventsStream(nats);
  await stream.create();
});
afterAll(async () => {
  await stream?.connection.close();
  await nats?.stop();
});
beforeEach(async () => {
  folder = await makeTempDir("edge-node");
});
afterEach(() => folder.remove());

describe("The edge on Node", () => {
  it("answers what is under way when it is told to stop, in time also without NATS, and leaves it to the next start", async () => {
    const edge = await startOnNode();
    await nats.kill();
    const events = createEvents(3);
    const request = await sendHead(edge.url, "stopped", JSON.stringify(events));
    const beganMs = Date.now();
    const stopped = edge.stop();
    expect(await request.sendBody()).toMatch(/^HTTP\/1\.1 202 /);
    expect(await stopped).toBe(0);
    expect(Date.now() - beganMs).toBeLessThan(10_000);
    await nats.restart();
    const next = await startOnNode();
    expect(await storedIds("stopped", 3)).toEqual(idsOf(events));
    expect(await next.stop()).toBe(0);
  });
});

describe("The edge on Node does not start", () => {
  it("with wrong settings, and names them all", async () => {
    const { code, output } = await runToEnd({ KEY_SECRET: "short", PORT: "none" });
    expect(code).toBe(1);
    expect(JSON.parse(output)).toMatchObject({
      level: "error",
      msg: "the edge cannot start",
      problems: expect.arrayContaining([
        "KEY_SECRET: must have at least 32 characters",
        "PORT: Invalid input: expected number, received NaN",
      ]),
    });
  });

  it("with an outbox that is none", async () => {
    const path = join(folder.path, "outbox-0.sqlite");
    await writeFile(path, "This is no database, and long enough to be taken for one. ".repeat(50));
    const { code, output } = await runToEnd({});
    expect(code).toBe(1);
    expect(output).toContain(`Cannot open outbox \\"${path}\\": file is not a database`);
  });

  it("where there can be no folder", async () => {
    const file = join(folder.path, "file");
    await writeFile(file, "");
    const { code, output } = await runToEnd({ OUTBOX_DIR: join(file, "outbox") });
    expect(code).toBe(1);
    expect(output).toContain(`Cannot open outbox \\"${join(file, "outbox")}\\": ENOTDIR`);
  });

  it("on a port that is in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const { code, output } = await runToEnd({ PORT: String(port) });
    server.close();
    expect(code).toBe(1);
    expect(output).toContain("EADDRINUSE");
  });
});

const NOBODY = "http://127.0.0.1:1";

/** The process itself, of which one wants to know how it ends. */
function spawnEdge(settings: Readonly<Record<string, string>>): ChildProcess {
  const { command, args } = nodeScript("../edge/node/main.ts");
  return spawn(command, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      KEY_SECRET,
      NATS_URL: nats.url,
      NATS_USER: nats.edge.user,
      NATS_PASSWORD: nats.edge.password,
      UPSTASH_REDIS_REST_URL: NOBODY,
      UPSTASH_REDIS_REST_TOKEN: "none",
      WORKER_URL: NOBODY,
      WORKER_TOKEN: "the token of nobody",
      OUTBOX_DIR: folder.path,
      PORT: "0",
      ...settings,
    },
  });
}

function readOutput({ stdout }: ChildProcess): () => string {
  let text = "";
  stdout?.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  return () => text;
}

async function startOnNode() {
  const port = await findFreePort();
  const child = spawnEdge({ PORT: String(port) });
  const log = readOutput(child);
  const exit = once(child, "exit");
  await poll("an edge that listens", () => log().includes("the edge listens"));
  return {
    url: `http://127.0.0.1:${port}`,
    /** As an orchestrator does it. Resolves to the exit code. */
    async stop(): Promise<unknown> {
      child.kill("SIGTERM");
      const [code] = await exit;
      return code;
    },
  };
}

/** Resolves once the edge has begun with the request. */
async function sendHead(url: string, projectId: string, body: string) {
  const key = createKey({ scope: "w", projectId, kid: "k1" }, KEY_SECRET);
  const socket = await openRaw(url);
  socket.setEncoding("latin1");
  socket.write(
    `POST /v1/events HTTP/1.1\r\nhost: edge\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n`,
  );
  const [text] = await once(socket, "data");
  expect(text).toBe("HTTP/1.1 100 Continue\r\n\r\n");
  return {
    async sendBody(): Promise<string> {
      socket.write(body);
      const [answer] = await once(socket, "data");
      return answer;
    },
  };
}

async function runToEnd(settings: Readonly<Record<string, string>>) {
  const child = spawnEdge(settings);
  const output = readOutput(child);
  const [code] = await once(child, "close");
  return { code, output: output() };
}

function storedIds(projectId: string, count: number): Promise<string[]> {
  return poll("the events in the stream", async () => {
    const ids = await stream.storedIds(projectId);
    return ids.length >= count && ids;
  });
}
