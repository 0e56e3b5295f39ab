import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeEnvelope,
  EnvelopeError,
  encodeEnvelope,
  encodeEvent,
  splitIntoMessages,
} from "../../../contract/envelope.ts";
import type { Event } from "../../../contract/event.ts";
import { MAX_MESSAGE_BYTES } from "../../../contract/limits.ts";

const HEADER = { received_at: "2026-06-01T12:00:00.000Z", request_id: "r1" };

function eventOf(properties: Record<string, unknown>): Event {
  return {
    event_id: "00000000-0000-4000-8000-000000000000",
    occurred_at: "2026-06-01T12:00:00.000Z",
    event_type: "signup",
    user_id: "u",
    properties,
  };
}

describe("encodeEnvelope() and decodeEnvelope()", () => {
  it("carry any event unchanged", () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), (dictionaries) => {
        const events = dictionaries.map((one) => eventOf(JSON.parse(JSON.stringify(one))));
        const payload = encodeEnvelope(HEADER, events.map(encodeEvent));
        expect(decodeEnvelope(payload)).toEqual({ v: 1, ...HEADER, events });
      }),
    );
  });

  it.each([
    ["no JSON", "{", "the payload is not JSON in UTF-8"],
    ["no object", "null", "the payload is not an object"],
    ["another version", '{"v":2}', "unknown version 2"],
    ["a version that quotes an event", '{"v":"user-1"}', "the version is no number"],
    ["no events", '{"v":1,"received_at":"x"}', "received_at or events is missing"],
  ])("refuse %s", (_, text, message) => {
    const decode = () => decodeEnvelope(new TextEncoder().encode(text));
    expect(decode).toThrow(EnvelopeError);
    expect(decode).toThrow(`Cannot decode envelope: ${message}`);
  });
});

describe("splitIntoMessages()", () => {
  it("keeps every event once, in order, within the limit", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 32_000 }), { maxLength: 100 });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const events = lengths.map((length) => encodeEvent(eventOf({ text: "x".repeat(length) })));
        const messages = splitIntoMessages(events);
        expect(messages.flat()).toEqual(events);
        for (const message of messages) {
          expect(encodeEnvelope(HEADER, message).byteLength).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
        }
      }),
      { numRuns: 30 },
    );
  });
});
