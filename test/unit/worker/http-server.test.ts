import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type HttpServerOptions, startHttpServer } from "../../../worker/http-server.ts";

let close = async () => {};

afterEach(() => close());

test("startHttpServer() says whether every part is ready", async () => {
  const parts = { nats: { ok: true }, database: { ok: true } };
  const url = await start({ checkReadiness: async () => parts });
  const ready = await fetch(`${url}/readyz?x`);
  expect([ready.status, await ready.json()]).toEqual([200, { status: "ready", parts }]);
  parts.database.ok = false;
  const notReady = await fetch(`${url}/readyz`);
  expect([notReady.status, await notReady.json()]).toEqual([503, { status: "not-ready", parts }]);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

test.each([
  ["GET", "/", 404, "not-found"],
  ["GET", "//", 404, "not-found"],
  ["GET", "/dead-letters/shop", 404, "not-found"],
  ["POST", "/readyz", 405, "method-not-allowed"],
  ["DELETE", "/dead-letters/shop/1", 405, "method-not-allowed"],
])("startHttpServer() answers %s %s with %i", async (method, path, status, slug) => {
  const url = await start({});
  const response = await fetch(`${url}${path}`, { method });
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ type: `/problems/${slug}`, status });
});

test("startHttpServer() tells nothing of an error within", async () => {
  const url = await start({ checkReadiness: () => Promise.reject(new Error("secret")) });
  const response = await fetch(`${url}/readyz`);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("secret");
});

async function start(options: Partial<HttpServerOptions>): Promise<string> {
  const server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    token: undefined,
    checkReadiness: async () => ({}),
    findDeadLetter: async () => undefined,
    ...options,
  });
  close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
