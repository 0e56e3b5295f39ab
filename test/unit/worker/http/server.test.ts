import { expect, test } from "vitest";
import { startServer, TOKEN } from "./http-server.ts";

test("startHttpServer() says whether every part is ready", async () => {
  const parts = { nats: { ok: true }, database: { ok: true } };
  const url = await startServer({ checkReadiness: async () => parts });
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
  ["GET", "/dead-letters/shop/1/2", 404, "not-found"],
  ["POST", "/query/more", 404, "not-found"],
  ["POST", "/readyz", 405, "method-not-allowed"],
  ["DELETE", "/dead-letters/shop/1", 405, "method-not-allowed"],
  ["GET", "/query", 405, "method-not-allowed"],
  ["PUT", "/export", 405, "method-not-allowed"],
])("startHttpServer() answers %s %s with %i", async (method, path, status, slug) => {
  const url = await startServer();
  const response = await fetch(`${url}${path}`, { method });
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ type: `/problems/${slug}`, status });
});

test.each([
  ["GET", "/dead-letters/shop/7d444840-9dc0-11d1-b245-5ffdce74fad2"],
  ["POST", "/query"],
  ["POST", "/export"],
  ["POST", "/erase"],
  ["POST", "/archive"],
])("startHttpServer() lets nobody into %s %s without the token", async (method, path) => {
  const headers = [{}, { authorization: `Bearer ${TOKEN}x` }, { authorization: TOKEN }];
  for (const token of [TOKEN, undefined]) {
    const url = await startServer({ token });
    for (const given of headers) {
      const response = await fetch(`${url}${path}`, { method, headers: given });
      expect([response.status, response.headers.get("www-authenticate")]).toEqual([
        401,
        'Bearer realm="sluice-worker"',
      ]);
    }
  }
});

  ["GET", "/dead-letters/shop?limit=1"],
test("startHttpServer() tells nothing of an error within", async () => {
  const url = await startServer({ checkReadiness: () => Promise.reject(new Error("secret")) });
  const response = await fetch(`${url}/readyz`);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("secret");
});
