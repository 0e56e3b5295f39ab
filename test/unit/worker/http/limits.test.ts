import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { HTTP_LIMITS } from "../../../../worker/http/limits.ts";
import { poll } from "../../../support/poll.ts";
import { exchangeRaw, openRaw } from "../../../support/raw-http.ts";
import { countConnections, createEngine, startServer, TOKEN } from "./http-server.ts";

const QUERY = `POST /query HTTP/1.1\r\nhost: worker\r\nauthorization: Bearer ${TOKEN}\r\n`;

const open = new Set<Socket>();

afterEach(() => {
  for (const socket of open) socket.destroy();
  open.clear();
});

async function connect(url: string): Promise<Socket> {
  const socket = await openRaw(url);
  open.add(socket);
  return socket;
}

function startLimited(limits: Partial<typeof HTTP_LIMITS>) {
  return startServer({ limits: { ...HTTP_LIMITS, checkIntervalMs: 20, ...limits } });
}

describe("a connection that takes its time", () => {
  test.each([
    ["says nothing", ""],
    ["never ends its head", "GET /healthz HTTP/1.1\r\nhost: worker\r\nx-slow: "],
  ])("is closed: one that %s", async (_name, bytes) => {
    const url = await startLimited({ headTimeoutMs: 100 });
    expect(await exchangeRaw(url, bytes)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  test.each([
    ["with a token", `${QUERY}content-length: 100\r\n\r\n{`],
    ["in chunks", `${QUERY}transfer-encoding: chunked\r\n\r\n5\r\n{"a":`],
  ])("is closed when its body never ends: %s", async (_name, bytes) => {
    const url = await startLimited({ headTimeoutMs: 100, requestTimeoutMs: 200 });
    expect(await exchangeRaw(url, bytes)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  test("gets no further than its head without the token", async () => {
    const url = await startServer();
    const head = "POST /query HTTP/1.1\r\nhost: worker\r\ncontent-length: 1000000\r\n\r\n";
    expect(await exchangeRaw(url, head)).toMatch(/^HTTP\/1\.1 401 /);
  });

  test("is closed when it does nothing after its answer", async () => {
    const url = await startLimited({ keepAliveTimeoutMs: 50 });
    const answer = await exchangeRaw(url, "GET /healthz HTTP/1.1\r\nhost: worker\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("is closed when it takes nothing of its answer", async () => {
    const rows = [{ text: "x".repeat(16 * 1024 * 1024) }];
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const engine = createEngine({
      async readPage() {
        ask();
        return rows as never;
      },
    });
    const limits = { ...HTTP_LIMITS, stallTimeoutMs: 100 };
    const url = await startServer({ engine, limits });
    const socket = await connect(url);
    socket.pause();
    const body = JSON.stringify({
      project_id: "shop",
      timeout_ms: 5_000,
      read: "page",
      query: { limit: 1 },
    });
    socket.write(`${QUERY}content-length: ${body.length}\r\n\r\n${body}`);
    await asked;
    await poll("the end of the connection", async () => (await countConnections()) === 0);
  });
});

test("one connection too many is closed at once, and the next is served when there is room", async () => {
  const url = await startLimited({ maxConnections: 2 });
  const first = await connect(url);
  await connect(url);
  await poll("both", async () => (await countConnections()) === 2);
  expect(await exchangeRaw(url, "GET /healthz HTTP/1.1\r\nhost: worker\r\n\r\n")).toBe("");
  first.destroy();
  await poll("room", async () => (await countConnections()) === 1);
  const head = "GET /healthz HTTP/1.1\r\nhost: worker\r\nconnection: close\r\n\r\n";
  expect(await exchangeRaw(url, head)).toMatch(/^HTTP\/1\.1 200 /);
});

describe("what is no HTTP", () => {
  const HEAD = "POST /query HTTP/1.1\r\nhost: worker\r\n";

  test.each([
    ["nonsense", "nonsense\r\n\r\n"],
    ["another protocol", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["an unknown method", "FETCH / HTTP/1.1\r\nhost: worker\r\n\r\n"],
    ["an unknown version", "GET / HTTP/9.9\r\nhost: worker\r\n\r\n"],
    ["no host", "GET /healthz HTTP/1.1\r\n\r\n"],
    ["a space in a name", "GET /healthz HTTP/1.1\r\nhost : worker\r\n\r\n"],
    ["a NUL in a header", "GET /healthz HTTP/1.1\r\nhost: worker\r\nx: a\0b\r\n\r\n"],
    ["a space in the path", "GET /health z HTTP/1.1\r\nhost: worker\r\n\r\n"],
    ["two lengths", `${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\n{}`],
    [
      "a length and chunks",
      `${HEAD}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ["a negative length", `${HEAD}content-length: -1\r\n\r\n{}`],
    ["a length that is no number", `${HEAD}content-length: 0x10\r\n\r\n{}`],
    ["an unknown coding", `${HEAD}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ["a chunk without a length", `${QUERY}transfer-encoding: chunked\r\n\r\nxyz\r\n`],
  ])("gets a 400 without a body, and is closed: %s", async (_name, bytes) => {
    const url = await startServer();
    const answer = await exchangeRaw(url, bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/);
    expect(answer).not.toMatch(/[{<]/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  test("a head that is too large gets a 431", async () => {
    const url = await startServer();
    const head = `GET /healthz HTTP/1.1\r\nhost: worker\r\nx: ${"x".repeat(HTTP_LIMITS.maxHeadBytes)}\r\n\r\n`;
    expect(await exchangeRaw(url, head)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test("a tunnel is closed", async () => {
    const url = await startServer();
    expect(await exchangeRaw(url, "CONNECT db:5432 HTTP/1.1\r\nhost: db\r\n\r\n")).toBe("");
  });

  test("a second request behind a refused body is not answered", async () => {
    const url = await startServer();
    const hidden = "GET /healthz HTTP/1.1\r\nhost: worker\r\n\r\n";
    const answer = await exchangeRaw(url, `${HEAD}content-length: 1000\r\n\r\n${hidden}`);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 401"]);
  });
});
