import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRejection, parseEvent, submittedEventSchema } from "../../../contract/event.ts";

/** Values near the edge of every rule: each field absent, right, nearly right or wrong. */
const text = fc.oneof(
  fc.constantFrom("", "a", "x".repeat(200), "x".repeat(201), "\0", "\ud800", "é\u{1f600}"),
  fc.string(),
);
const anything = fc.oneof(text, fc.constantFrom<unknown>(null, 0, true, [], {}), fc.jsonValue());
const eventId = fc.oneof(
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  anything,
);
const occurredAt = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom("2024-02-30T00:00:00Z", "2024-02-29T00:00:00.1234567+14:00"),
  anything,
);
const properties = fc.oneof(
  fc.dictionary(fc.string(), fc.jsonValue()),
  fc.constantFrom<unknown>({ a: 2 ** 53 }, { a: "\0" }, { "\ud800": 1 }, { constructor: 1 }),
  anything,
);
const event = fc.oneof(
  fc.record(
    { event_type: text, user_id: text, event_id: eventId, occurred_at: occurredAt, properties },
    { requiredKeys: [] },
  ),
  fc.record({ event_type: anything, user_id: anything, other: anything }, { requiredKeys: [] }),
  anything,
);

describe("parseEvent()", () => {
  it("accepts what the schema accepts, with the same result, and nothing else", () => {
    fc.assert(
      fc.property(event, (value) => {
        const parsed = parseEvent(value);
        const bySchema = submittedEventSchema.safeParse(value);
        expect(isRejection(parsed)).toBe(!bySchema.success);
        if (bySchema.success) expect(parsed).toEqual(bySchema.data);
      }),
      { numRuns: 3_000 },
    );
  });

  it("finds __proto__ as a field of the event's own", () => {
    const value: unknown = JSON.parse(
      '{"event_type":"a","user_id":"u","__proto__":{"admin":true}}',
    );
    expect(parseEvent(value)).toMatchObject({ code: "unknown_field", pointer: "/__proto__" });
  });
});
