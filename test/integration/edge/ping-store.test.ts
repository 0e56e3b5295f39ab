import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pingStore } from "../../../edge/store/ping-store.ts";

let server: Server;
let url: string;
let answer: { status: number; body: string };

beforeAll(async () => {
  server = createServer((request, response) => {
    expect(request.url).toBe("/readyz");
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(answer.body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server?.closeAllConnections();
  server?.close();
});

describe("pingStore() without a database", () => {
  const ping = () => pingStore(undefined, { url, token: "unused" });
  const body = (isOk: boolean) =>
    JSON.stringify({ status: "not-ready", parts: { nats: { ok: false }, database: { ok: isOk } } });

  it("resolves when the worker's store answers, whatever the stream does", async () => {
    answer = { status: 503, body: body(true) };
    await expect(ping()).resolves.toBeDefined();
  });

  it.each([
    ["the worker's store does not answer", { status: 503, body: body(false) }],
    ["the worker says something else", { status: 404, body: '{"type":"/problems/not-found"}' }],
    ["the worker says no JSON", { status: 502, body: "<html>" }],
  ])("rejects when %s", async (_, given) => {
    answer = given;
    await expect(ping()).rejects.toThrow(Error);
  });
});
