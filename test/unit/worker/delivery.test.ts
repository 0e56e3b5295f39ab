import { describe, expect, test } from "vitest";
import { encodeEnvelope, encodeEvent } from "../../../contract/envelope.ts";
import type { Event } from "../../../contract/event.ts";
import { decodeDelivery, toEvent } from "../../../worker/delivery.ts";

const EVENT: Event = {
  event_id: "0190b5a0-0000-7000-8000-000000000001",
  occurred_at: "2026-01-02T03:04:05.678901Z",
  event_type: "click",
  user_id: "user-1",
  properties: { path: "/\t\\", n: 1 },
};
const HEADER = { received_at: "2026-01-02T03:04:06.000Z", request_id: "r" };

describe("decodeDelivery()", () => {
  test("takes the project from the subject", () => {
    const delivery = decodeDelivery(
      message("events.shop-1", encodeEnvelope(HEADER, [encodeEvent(EVENT)])),
    );
    const [row] = delivery.rows;
    expect(row).toMatchObject({
      projectId: "shop-1",
      eventId: EVENT.event_id,
      occurredAt: EVENT.occurred_at,
      receivedAt: HEADER.received_at,
      propertiesJson: JSON.stringify(EVENT.properties),
    });
    expect(row === undefined ? undefined : toEvent(row)).toEqual(EVENT);
  });

  test("sets malformed events apart from their neighbours", () => {
    const bad: [unknown, string][] = [
      [null, "the event is not an object"],
      [{ ...EVENT, event_id: 7 }, "event_id is not text"],
      [{ ...EVENT, occurred_at: "now" }, "occurred_at is not a date-time"],
      [{ ...EVENT, event_type: "a\0" }, "event_type is not text that can be stored"],
      [{ ...EVENT, user_id: "\ud800" }, "user_id is not text that can be stored"],
      [{ ...EVENT, properties: "text" }, "properties is not an object"],
      [{ ...EVENT, properties: [] }, "properties is not an object"],
    ];
    const body = { v: 1, ...HEADER, events: [...bad.map(([event]) => event), EVENT] };
    const delivery = decodeDelivery(message("events.demo", Buffer.from(JSON.stringify(body))));
    expect(delivery.rows).toHaveLength(1);
    expect(delivery.malformed.map(({ reason }) => reason)).toEqual(bad.map(([, reason]) => reason));
  });

  test.each([
    ["events.demo", "not json"],
    ["events.demo", '{"v":2,"received_at":"2026-01-01T00:00:00Z","events":[]}'],
    ["events.demo", '{"v":1,"received_at":"soon","events":[]}'],
    ["events.Demo.x", '{"v":1,"received_at":"2026-01-01T00:00:00Z","events":[]}'],
  ])("refuses %s %s", (subject, payload) => {
    expect(() => decodeDelivery(message(subject, Buffer.from(payload)))).toThrow(
      /^Cannot decode envelope: /,
    );
  });
});

/** A dead letter with such an event could never be written, and its message would come again for ever. */
test.each(["properties", "user_id", "event_type"])(
  "decodeDelivery() refuses a message whole that holds a %s nested deeper than can be written",
  (field) => {
    const event = JSON.stringify({ ...EVENT, [field]: "deep" }).replace(
      '"deep"',
      `${'{"a":'.repeat(50_000)}0${"}".repeat(50_000)}`,
    );
    const payload = `${JSON.stringify({ v: 1, ...HEADER }).slice(0, -1)},"events":[${event}]}`;
    expect(() => decodeDelivery(message("events.demo", Buffer.from(payload)))).toThrow(
      "Cannot decode envelope: an event is nested too deep",
    );
  },
);

function message(subject: string, data: Uint8Array) {
  return { subject, data, seq: 1, time: new Date(0) };
}
