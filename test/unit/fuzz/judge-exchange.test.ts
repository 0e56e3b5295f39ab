import { describe, expect, it } from "vitest";
import type { Exchange } from "../../fuzz/http/http-client.ts";
import { judgeExchange } from "../../fuzz/http/judge-exchange.ts";

type Parts = {
  readonly status?: number;
  readonly body?: object | string;
  readonly headers?: Record<string, string>;
  readonly end?: Exchange["end"];
  readonly sent?: string;
  readonly isBroken?: boolean;
};

const PROBLEM = { type: "/problems/not-found", title: "t", status: 404 };
const TYPE = { "content-type": "application/problem+json" };

function judge({ status = 404, body = PROBLEM, headers = TYPE, ...more }: Parts) {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const answer = { status, headers: Object.entries(headers), body: bytes, isKept: true };
  const { end = "kept", sent = "", isBroken = false } = more;
  const answers = end === "kept" ? [answer] : [];
  return judgeExchange({
    exchange: { answers, end, elapsedMs: 30_000 },
    method: "GET",
    sent,
    isBroken,
    secrets: ["hunter2"],
  });
}

describe("judgeExchange()", () => {
  it("takes a problem that is known", () => {
    expect(judge({})).toBeUndefined();
    expect(judge({ status: 200, body: "anything", headers: {} })).toBeUndefined();
  });

  it.each<readonly [string, Parts]>([
    ["no answer within 30 s", { end: "timeout" }],
    ["the connection ended without answer", { end: "closed" }],
    ["500 ", { status: 500 }],
    ["404 is text/html, no problem", { headers: { "content-type": "text/html" } }],
    ["404 has no problem in its body", { body: "{" }],
    ["404 is of an unknown type", { body: { ...PROBLEM, type: "/problems/other" } }],
    ["404 says that it is /problems/not-found, 403", { body: { ...PROBLEM, status: 403 } }],
    ["503 without Retry-After", { status: 503 }],
    ["404 tells a secret", { body: { ...PROBLEM, detail: "hunter2" } }],
    ["200 tells a secret", { status: 200, body: "hunter2" }],
    ["404 tells a stack trace", { body: { ...PROBLEM, detail: "x\n    at f (y)" } }],
    ["404 tells a file of the code", { body: { ...PROBLEM, detail: "app.ts" } }],
    ["404 tells an address of a part", { body: { ...PROBLEM, detail: "127.0.0.1:4222" } }],
    ["404 tells an error of the database", { body: { ...PROBLEM, detail: "Binder Error: x" } }],
  ])("finds: %s", (fault, parts) => {
    expect(judge(parts)).toContain(fault);
  });

  it("lets an answer quote what the request held", () => {
    const body = { ...PROBLEM, detail: "No route /app.ts" };
    expect(judge({ body, sent: "GET /app.ts HTTP/1.1" })).toBeUndefined();
  });

  it("lets the server refuse by itself what is no HTTP, and nothing else", () => {
    const refusal = { status: 400, body: "Bad Request", headers: {} };
    expect(judge({ ...refusal, isBroken: true })).toBeUndefined();
    expect(judge(refusal)).toContain("400 is undefined, no problem");
    expect(judge({ end: "closed", isBroken: true })).toBeUndefined();
    expect(judge({ ...refusal, body: "at f (app.ts)", isBroken: true })).toBeDefined();
  });
});
