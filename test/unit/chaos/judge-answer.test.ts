import { expect, it } from "vitest";
import type { Body, SentEvent } from "../../chaos/bodies.ts";
import { judgeAnswer } from "../../chaos/judge-answer.ts";

const VALID: SentEvent = { sequence: 1, json: "{}", isValid: true };
const INVALID: SentEvent = { sequence: 2, json: "{}", isValid: false };

function bodyOf(...events: SentEvent[]): Body {
  return { events, repeats: 0 };
}

function answer(status: number, value: unknown, retryAfter: string | null = null) {
  return { status, retryAfter, text: JSON.stringify(value) };
}

const ONE_ACCEPTED = { accepted: 1, duplicate: 0, rejected: 0, results: [] };
const REJECTED_SECOND = { index: 1, status: "rejected", code: "invalid_event_id" };

it.each([
  ["accepted", answer(202, ONE_ACCEPTED), bodyOf(VALID)],
  ["a duplicate", answer(202, { ...ONE_ACCEPTED, accepted: 0, duplicate: 1 }), bodyOf(VALID)],
  [
    "accepted but for the invalid one",
    answer(202, { ...ONE_ACCEPTED, rejected: 1, results: [REJECTED_SECOND] }),
    bodyOf(VALID, INVALID),
  ],
  [
    "refused whole",
    answer(422, {
      accepted: 0,
      duplicate: 0,
      rejected: 1,
      results: [{ ...REJECTED_SECOND, index: 0 }],
    }),
    bodyOf(INVALID),
  ],
])("judgeAnswer() takes a body as settled that is %s", (_name, given, body) => {
  expect(judgeAnswer(given, body)).toEqual({ kind: "settled" });
});

it.each([429, 503])("judgeAnswer() sends a body again after %i, as late as asked", (status) => {
  expect(judgeAnswer(answer(status, {}, "2"), bodyOf(VALID))).toEqual({
    kind: "again",
    afterMs: 2_000,
  });
});

it.each([
  ["429 without Retry-After", answer(429, {}), bodyOf(VALID), false],
  ["503 without Retry-After", answer(503, {}), bodyOf(VALID), false],
  ["500", answer(500, {}), bodyOf(VALID), false],
  ["400 for a body without fault", answer(400, {}), bodyOf(VALID), true],
  ["202 that leaves an event out", answer(202, ONE_ACCEPTED), bodyOf(VALID, VALID), true],
  [
    "202 that rejects a valid event",
    answer(202, { ...ONE_ACCEPTED, rejected: 1, results: [REJECTED_SECOND] }),
    bodyOf(INVALID, VALID),
    true,
  ],
  [
    "202 that accepts an invalid event",
    answer(202, { ...ONE_ACCEPTED, accepted: 2 }),
    bodyOf(VALID, INVALID),
    true,
  ],
  ["202 with another body", { status: 202, retryAfter: null, text: "ok" }, bodyOf(VALID), true],
])("judgeAnswer() finds strange: %s", (_name, given, body, isFinal) => {
  expect(judgeAnswer(given, body)).toEqual({ kind: "strange", isFinal });
});
