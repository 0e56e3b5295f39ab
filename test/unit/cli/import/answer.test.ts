import { describe, expect, test } from "vitest";
import { parseRetryAfter, readAnswer } from "../../../../cli/import/answer.ts";

const NOW_MS = Date.UTC(2024, 4, 1, 12, 0, 0);

function read(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return readAnswer({ status, headers: new Headers(headers), text }, 3, NOW_MS);
}

const rejected = (index: number) => ({
  index,
  status: "rejected",
  code: "invalid_json",
  pointer: "",
  detail: "",
});
const some = {
  accepted: 1,
  duplicate: 1,
  rejected: 1,
  results: [{ index: 0, status: "duplicate" }, rejected(2)],
};
const none = {
  accepted: 0,
  duplicate: 0,
  rejected: 3,
  results: [rejected(0), rejected(1), rejected(2)],
};

describe("readAnswer()", () => {
  test("reads what became of each event", () => {
    expect(read(202, some)).toEqual({ ...some, kind: "settled", results: [rejected(2)] });
    expect(read(422, { title: "No event was accepted", ...none })).toMatchObject({
      kind: "settled",
      rejected: 3,
    });
  });

  test.each([
    ["fewer events", { ...some, accepted: 0 }],
    ["a rejection without its place", { ...some, results: [] }],
    ["a place that was not sent", { ...some, results: [rejected(3)] }],
    ["no numbers", {}],
    ["text", "<html>"],
  ])("refuses a 202 with %s", (_, body) => {
    expect(read(202, body)).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining("is this the address of a Sluice edge?"),
    });
  });

  test.each([429, 503, 500, 502, 504, 408])("sends again after %i", (status) => {
    expect(read(status, "", { "retry-after": "3" })).toEqual({
      kind: "busy",
      reason: `it answered ${status}`,
      retryAfterMs: 3000,
    });
  });

  test.each([
    [
      401,
      { title: "A valid key is required", detail: "The key is not valid" },
      "it answered 401, A valid key is required: The key is not valid",
    ],
    [422, { title: "The request holds no event" }, "it answered 422, The request holds no event"],
    [404, "not found", "it answered 404"],
    [302, "", "it answered 302, pointing to https://b/: give that server as --url"],
    [200, "hello", "it answered 200 without the result"],
  ])("stops after %i", (status, body, reason) => {
    const answer = read(status, body, { location: "https://b/" });
    expect(answer).toMatchObject({ kind: "refused", reason: expect.stringContaining(reason) });
  });
});

describe("parseRetryAfter()", () => {
  test.each([
    [null, undefined],
    ["0", 0],
    ["120", 120_000],
    ["Wed, 01 May 2024 12:00:30 GMT", 30_000],
    ["Wed, 01 May 2024 11:00:00 GMT", 0],
    ["soon", undefined],
  ])("reads %s", (value, expected) => {
    expect(parseRetryAfter(value, NOW_MS)).toBe(expected);
  });
});
