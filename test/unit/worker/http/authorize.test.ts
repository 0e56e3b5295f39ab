import { describe, expect, test } from "vitest";
import { exchangeRaw } from "../../../support/raw-http.ts";
import { startServer, TOKEN } from "./http-server.ts";

const PATH = "/dead-letters/shop/7d444840-9dc0-11d1-b245-5ffdce74fad2";

/** The status of a request with these header lines; 404 where it was let in, as there is no such letter. */
async function ask(lines: readonly string[]): Promise<number> {
  const url = await startServer();
  const head = [`GET ${PATH} HTTP/1.1`, "host: worker", "connection: close", ...lines];
  const answer = await exchangeRaw(url, `${head.join("\r\n")}\r\n\r\n`);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

describe("authorize()", () => {
  test("lets the token in", async () => {
    expect(await ask([`authorization: Bearer ${TOKEN}`])).toBe(404);
  });

  test.each([
    ["none", []],
    ["an empty one", ["authorization:"]],
    ["no token", ["authorization: Bearer"]],
    ["another one of the same length", [`authorization: Bearer ${"x".repeat(TOKEN.length)}`]],
    ["a shorter one", [`authorization: Bearer ${TOKEN.slice(0, -1)}`]],
    ["a longer one", [`authorization: Bearer ${TOKEN}x`]],
    ["one with another last character", [`authorization: Bearer ${TOKEN.slice(0, -1)}X`]],
    ["one in capitals", [`authorization: Bearer ${TOKEN.toUpperCase()}`]],
    ["no scheme", [`authorization: ${TOKEN}`]],
    ["another scheme", [`authorization: Basic ${TOKEN}`]],
    ["the token of a user", [`authorization: Basic ${btoa(`worker:${TOKEN}`)}`]],
    ["two, the second right", ["authorization: Bearer none", `authorization: Bearer ${TOKEN}`]],
    ["two, the first right", [`authorization: Bearer ${TOKEN}`, "authorization: Bearer none"]],
    ["two in one", [`authorization: Bearer ${TOKEN}, Bearer ${TOKEN}`]],
    ["another header", [`x-authorization: Bearer ${TOKEN}`]],
    ["a cookie", [`cookie: authorization=Bearer ${TOKEN}`]],
  ])("refuses %s", async (_name, lines) => {
    expect(await ask(lines)).toBe(401);
  });

  test.each([
    ["no header", []],
    ["an empty token", ["authorization: Bearer "]],
    ["a token of the name", ["authorization: Bearer undefined"]],
  ])("lets nobody in where there is no token: %s", async (_name, lines) => {
    const url = await startServer({ token: undefined });
    const head = [`GET ${PATH} HTTP/1.1`, "host: worker", "connection: close", ...lines];
    expect(await exchangeRaw(url, `${head.join("\r\n")}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 401 /);
    for (const path of ["/healthz", "/readyz"]) {
      expect((await fetch(`${url}${path}`)).status).toBe(200);
    }
  });
});
