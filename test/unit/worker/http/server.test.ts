import { expect, test } from "vitest";
import { exchangeRaw } from "../../../support/raw-http.ts";
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

test("startHttpServer() tells what is wrong with a part only to who has the token", async () => {
  const error = "password authentication failed for user sluice at 10.0.0.5";
  const parts = {
    nats: { ok: true },
    database: { ok: false, error },
    consumer: { ok: true, lag: 3 },
  };
  const url = await startServer({ checkReadiness: async () => parts });
  const headers = { authorization: `Bearer ${TOKEN}` };
  expect(await (await fetch(`${url}/readyz`, { headers })).json()).toEqual({
    status: "not-ready",
    parts,
  });
  for (const authorization of ["", "Bearer none"]) {
    const response = await fetch(`${url}/readyz`, { headers: { authorization } });
    expect([response.status, await response.json()]).toEqual([
      503,
      { status: "not-ready", parts: { ...parts, database: { ok: false } } },
    ]);
  }
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
  ["GET", "/dead-letters/shop?limit=1"],
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

test.each([
  ["GET", "/healthz", 200],
  ["HEAD", "/readyz", 200],
  ["GET", "/nothing", 404],
  ["OPTIONS", "/query", 405],
  ["TRACE", "/query", 405],
  ["POST", "/query", 401],
])("startHttpServer() gives browsers nothing to work with: %s %s", async (method, path, status) => {
  const url = await startServer();
  const origin = "origin: https://shop.example";
  const head = `${method} ${path} HTTP/1.1\r\nhost: worker\r\n${origin}\r\nconnection: close\r\n\r\n`;
  const answer = await exchangeRaw(url, head);
  const [statusLine, ...headers] = (answer.split("\r\n\r\n")[0] ?? "").toLowerCase().split("\r\n");
  expect(statusLine).toMatch(new RegExp(`^http/1.1 ${status} `));
  expect(headers).toEqual(
    expect.arrayContaining([
      "x-content-type-options: nosniff",
      "content-security-policy: default-src 'none'; frame-ancestors 'none'",
      "cross-origin-resource-policy: same-origin",
      "referrer-policy: no-referrer",
      "cache-control: no-store",
    ]),
  );
  expect(answer).not.toMatch(/access-control-/i);
});

test("startHttpServer() answers HEAD like GET, without a body", async () => {
  const url = await startServer();
  const [get, head] = await Promise.all(
    ["GET", "HEAD"].map((method) => fetch(`${url}/healthz`, { method })),
  );
  expect([head?.status, await head?.text()]).toEqual([get?.status, ""]);
});

test("startHttpServer() tells nothing of an error within", async () => {
  const url = await startServer({ checkReadiness: () => Promise.reject(new Error("secret")) });
  const response = await fetch(`${url}/readyz`);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("secret");
});
