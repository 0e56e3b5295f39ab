import { describe, expect, test } from "vitest";
import {
  deadLetterSubject,
  deadSubjectOf,
  projectOfDeadSubject,
} from "../../../contract/dead-letter.ts";

const EVENT_ID = "0190B5A0-0000-7000-8000-00000000000A";

describe("deadLetterSubject()", () => {
  test("is where the letter of an event is looked for", () => {
    const subject = deadLetterSubject({ subject: "events.shop", event: { event_id: EVENT_ID } });
    expect(subject).toBe("dead.shop.0190b5a0-0000-7000-8000-00000000000a");
    expect(deadSubjectOf("shop", EVENT_ID)).toBe(subject);
  });

  test.each([
    ["a whole message", { subject: "events.shop" }, "dead.shop._"],
    ["an event that is none", { subject: "events.shop", event: null }, "dead.shop._"],
    ["an id that is no text", { subject: "events.shop", event: { event_id: 7 } }, "dead.shop._"],
    ["an id with wildcards", { subject: "events.shop", event: { event_id: "*.>" } }, "dead.shop._"],
    ["several tokens", { subject: "events.a.b", event: { event_id: EVENT_ID } }, undefined],
    ["no project", { subject: "events.", event: {} }, "dead._._"],
  ])("puts nothing of %s into a subject that could be read specially", (_, letter, expected) => {
    expect(deadLetterSubject(letter)).toBe(expected ?? `dead._.${EVENT_ID.toLowerCase()}`);
  });
});

test("projectOfDeadSubject() is undefined where the message named none", () => {
  expect(projectOfDeadSubject(deadSubjectOf("shop", EVENT_ID))).toBe("shop");
  expect(projectOfDeadSubject("dead._._")).toBeUndefined();
});
