import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
  HTTP_LIMITS,
  type HttpLimits,
  type HttpServer,
  startHttpServer,
} from "../../../../edge/node/http-server.ts";
import { poll } from "../../../support/poll.ts";
import { exchangeRaw, openRaw } from "../../../support/raw-http.ts";

type Fetch = (request: Request) => Response | Promise<Response>;

const sockets = new Set<Socket>();
let server: HttpServer | undefined;

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await server?.close(AbortSignal.abort());
  server = undefined;
});

/** Says what it was asked. */
const echo: Fetch = async (request) =>
  Response.json({ url: request.url, body: await request.text() });

async function start(fetch: Fetch = echo, limits: Partial<HttpLimits> = {}): Promise<string> {
  server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    fetch,
    limits: { ...HTTP_LIMITS, checkIntervalMs: 20, ...limits },
  });
  return `http://127.0.0.1:${server.port}`;
}

async function connect(url: string): Promise<Socket> {
  const socket = await openRaw(url);
  sockets.add(socket);
  return socket;
}

function get(target: string, head = ""): string {
  return `GET ${target} HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n${head}\r\n`;
}

describe("a request", () => {
  it.each(["/v1/users/..", "/v1/users/%2e%2e/events", "/v1/events/../docs?a=b#c", "/a//b?key=%zz"])(
    "reaches the app with its target as it was sent: %s",
    async (target) => {
      const answer = await exchangeRaw(await start(), get(target));
      expect(answer).toContain(JSON.stringify({ url: `http://edge${target}`, body: "" }));
    },
  );

  it("may be meant for a proxy", async () => {
    const answer = await exchangeRaw(await start(), get("http://elsewhere/healthz"));
    expect(answer).toContain(`"url":"http://elsewhere/healthz"`);
  });

  it.each(["*", "/a\\b", "http://[::1"])("for %s is a problem", async (target) => {
    const answer = await exchangeRaw(await start(), get(target).replace("GET", "OPTIONS"));
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).toContain("content-security-policy: default-src 'none'");
    expect(answer).toContain(`"type":"/problems/not-found"`);
  });

  it("has its body, with a length or in chunks", async () => {
    const url = await start();
    const post = (body: string | ReadableStream) =>
      fetch(url, { method: "POST", body, duplex: "half" } as RequestInit);
    const text = "x".repeat(300_000);
    expect(await (await post(text)).json()).toMatchObject({ body: text });
    const stream = new Response(text).body as ReadableStream;
    expect(await (await post(stream)).json()).toMatchObject({ body: text });
  });
});

describe("a connection that takes its time", () => {
  it.each([
    ["says nothing", ""],
    ["never ends its head", "GET / HTTP/1.1\r\nhost: edge\r\nx-slow: "],
  ])("is closed: one that %s", async (_name, bytes) => {
    const url = await start(echo, { headTimeoutMs: 100 });
    expect(await exchangeRaw(url, bytes)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  it("is closed when its body never ends", async () => {
    const url = await start(echo, { headTimeoutMs: 100, requestTimeoutMs: 200 });
    const head = "POST / HTTP/1.1\r\nhost: edge\r\ncontent-length: 100\r\n\r\n{";
    expect(await exchangeRaw(url, head)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  it("is closed when it does nothing after its answer", async () => {
    const url = await start(echo, { keepAliveTimeoutMs: 50 });
    const answer = await exchangeRaw(url, "GET / HTTP/1.1\r\nhost: edge\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("is closed when it takes nothing of its answer, and whoever writes that is told", async () => {
    let isCancelled = false;
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)),
      cancel() {
        isCancelled = true;
      },
    });
    const url = await start(() => new Response(endless), { stallTimeoutMs: 200 });
    const socket = await connect(url);
    socket.pause();
    socket.write(get("/export"));
    await poll("the end of the stream", () => isCancelled);
  });
});

it("a head that is too large gets a 431", async () => {
  const url = await start();
  const head = get("/", `x: ${"x".repeat(HTTP_LIMITS.maxHeadBytes)}\r\n`);
  expect(await exchangeRaw(url, head)).toMatch(/^HTTP\/1\.1 431 /);
});

it("one connection too many is closed at once, and the next is served when there is room", async () => {
  const url = await start(echo, { maxConnections: 1 });
  const first = await connect(url);
  first.write("GET / HTTP/1.1\r\nhost: edge\r\n\r\n");
  await once(first, "data");
  expect(await exchangeRaw(url, get("/"))).toBe("");
  first.destroy();
  await poll("room", async () => (await exchangeRaw(url, get("/"))).startsWith("HTTP/1.1 200 "));
});

describe("close()", () => {
  it("answers what has come in, and takes no more", async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const { promise: answer, resolve: finish } = Promise.withResolvers<Response>();
    const url = await start(() => {
      ask();
      return answer;
    });
    const idle = await connect(url);
    const idleEnd = once(idle, "close");
    const asking = fetch(url).then((response) => response.text());
    await asked;
    const closing = server?.close(new AbortController().signal);
    await idleEnd;
    await expect(openRaw(url)).rejects.toThrow("ECONNREFUSED");
    finish(new Response("done"));
    expect(await asking).toBe("done");
    await closing;
  });

  it("tells who asks again on an open connection that it ends", async () => {
    const answers: PromiseWithResolvers<Response>[] = [];
    const url = await start(() => {
      const answer = Promise.withResolvers<Response>();
      answers.push(answer);
      return answer.promise;
    });
    const socket = await connect(url);
    let received = "";
    socket.on("data", (bytes) => {
      received += bytes;
    });
    const head = "GET / HTTP/1.1\r\nhost: edge\r\n\r\n";
    socket.write(head);
    await poll("the first request", () => answers[0]);
    const closing = server?.close(new AbortController().signal);
    // In one packet: the second is read before the first is answered.
    socket.write(head);
    answers[0]?.resolve(new Response("one"));
    await poll("the second request", () => answers[1]);
    answers[1]?.resolve(new Response("two"));
    await closing;
    expect(received).toMatch(/one[\s\S]*connection: close[\s\S]*two$/i);
  });

  it("waits no longer than it is told to", async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const url = await start(() => {
      ask();
      return new Promise<Response>(() => {});
    });
    const asking = fetch(url).catch((error: unknown) => error);
    await asked;
    await server?.close(AbortSignal.timeout(50));
    expect(await asking).toBeInstanceOf(Error);
  });
});

it("a port that is in use is an error", async () => {
  await start();
  const port = server?.port ?? 0;
  const second = startHttpServer({ host: "127.0.0.1", port, fetch: echo });
  await expect(second).rejects.toThrow(/EADDRINUSE/);
});
