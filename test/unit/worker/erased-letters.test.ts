import { expect, test } from "vitest";
import type { DeadLetter } from "../../../contract/dead-letter.ts";
import type { ReceivedEvent } from "../../../worker/engine.ts";
import { withoutErased } from "../../../worker/erased-letters.ts";

const letterOf = (event: unknown, more: Partial<DeadLetter> = {}): DeadLetter => ({
  reason: "value too long",
  stream_sequence: 1,
  subject: "events.shop",
  received_at: "2026-06-01T12:00:00.000Z",
  failed_at: "2026-06-01T12:00:01.000Z",
  ...(event === undefined ? {} : { event }),
  ...more,
});

/** As if `gone` had been erased. */
async function findGone<Event extends ReceivedEvent>(events: readonly Event[]) {
  return new Set(events.filter(({ userId }) => userId === "gone"));
}

test("withoutErased() leaves out the letters of erased users", async () => {
  const kept = [letterOf({ user_id: "u1" }), letterOf({ user_id: "u2" })];
  const letters = [letterOf({ user_id: "gone" }), ...kept, letterOf({ user_id: "gone", n: 2 })];
  expect(await withoutErased(letters, findGone)).toEqual(kept);
});

test("withoutErased() asks by project, user and time of receipt", async () => {
  const asked: ReceivedEvent[] = [];
  await withoutErased([letterOf({ user_id: "u1" })], async (events) => {
    asked.push(...events);
    return new Set();
  });
  expect(asked).toMatchObject([
    { projectId: "shop", userId: "u1", receivedAt: "2026-06-01T12:00:00.000Z" },
  ]);
});

test.each([
  ["no event", undefined],
  ["an event that is none", null],
  ["no user", {}],
  ["a user that is no text", { user_id: 7 }],
  ["a user with a NUL", { user_id: "gone\0" }],
  ["a user with half a character", { user_id: "gone\ud800" }],
])("withoutErased() keeps a letter with %s without asking", async (_, event) => {
  const ask = () => Promise.reject(new Error("not expected"));
  expect(await withoutErased([letterOf(event)], ask)).toEqual([letterOf(event)]);
});
