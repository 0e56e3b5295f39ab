import { describe, expect, test } from "vitest";
import { type ReplayMessage, toMessage } from "../../../../cli/dead/to-message.ts";
import { decodeEnvelope } from "../../../../contract/envelope.ts";

const event = {
  event_id: "0197a3f0-5c3e-7c11-8f6e-2b1d3c4e5f60",
  occurred_at: "2026-03-01T09:00:00.000Z",
  event_type: "buy",
  user_id: "ann",
  properties: { price: 0.1 },
};
const letter = {
  reason: "r",
  stream_sequence: 7,
  subject: "events.shop",
  received_at: "2026-03-01T10:00:00.000Z",
  failed_at: "2026-03-01T10:00:01.000Z",
  event,
};
const stored = { position: 17, subject: "dead.shop.x", letter };
const { event: _, ...withoutEvent } = letter;

describe("toMessage()", () => {
  test("wraps the event as it was received", () => {
    const { subject, payload, messageId } = toMessage(stored) as ReplayMessage;
    expect(subject).toBe("events.shop");
    expect(messageId).toMatch(/^dead-17-[0-9a-f]{16}$/);
    expect(decodeEnvelope(payload)).toEqual({
      v: 1,
      received_at: letter.received_at,
      request_id: "dead-17",
      events: [event],
    });
  });

  test.each([null, 42, "text", [1]])("wraps %j, which is no event, all the same", (value) => {
    const message = toMessage({ ...stored, letter: { ...letter, event: value } });
    expect(decodeEnvelope((message as ReplayMessage).payload).events).toEqual([value]);
  });

  test("has one id for every attempt and another for another content", () => {
    const idOf = (...args: Parameters<typeof toMessage>) =>
      (toMessage(...args) as ReplayMessage).messageId;
    expect(idOf(stored)).toBe(idOf(structuredClone(stored)));
    const others = [
      idOf({ ...stored, position: 18 }),
      idOf({ ...stored, letter: { ...letter, subject: "events.blog" } }),
      idOf(stored, { ...event, user_id: "bob" }),
    ];
    expect(new Set([idOf(stored), ...others]).size).toBe(4);
  });

  test("gives a whole message back byte for byte", () => {
    const payload = Buffer.from([0xff, 0x00, 0x7b]);
    const whole = { ...withoutEvent, payload_base64: payload.toString("base64") };
    const message = toMessage({ ...stored, letter: whole }) as ReplayMessage;
    expect(Buffer.from(message.payload)).toEqual(payload);
  });

  test.each([
    [{ ...withoutEvent, payload_base64: "AA==", payload_is_cut: true as const }, "was cut"],
    [withoutEvent, "it holds no event"],
    [{ ...letter, subject: "" }, "it does not name the subject it came from"],
    [{ ...letter, subject: "dead.shop" }, "it does not name the subject it came from"],
    [{ ...letter, subject: "events.*" }, "it does not name the subject it came from"],
  ])("refuses %j", (given, reason) => {
    expect(toMessage({ ...stored, letter: given })).toContain(reason);
  });

  test("replaces what was cut by a mended event", () => {
    const cut = { ...withoutEvent, payload_base64: "AA==", payload_is_cut: true as const };
    const message = toMessage({ ...stored, letter: cut }, event) as ReplayMessage;
    expect(decodeEnvelope(message.payload).events).toEqual([event]);
  });
});
