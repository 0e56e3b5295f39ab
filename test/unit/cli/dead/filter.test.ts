import { describe, expect, test } from "vitest";
import { matches, subjectOfFilter } from "../../../../cli/dead/filter.ts";

const ID = "0197a3f0-5c3e-7c11-8f6e-2b1d3c4e5f60";
const stored = {
  position: 1,
  subject: `dead.shop.${ID}`,
  letter: {
    reason: "Invalid byte sequence",
    sqlstate: "22P05",
    stream_sequence: 7,
    subject: "events.shop",
    failed_at: "2026-03-01T10:00:00.000Z",
    event: { event_id: ID.toUpperCase() },
  },
};

describe("matches()", () => {
  test.each([
    [{}, true],
    [{ project: "shop" }, true],
    [{ project: "sho" }, false],
    [{ since: Date.parse("2026-03-01T10:00:00Z") }, true],
    [{ since: Date.parse("2026-03-01T10:00:00.001Z") }, false],
    [{ eventId: ID }, true],
    [{ eventId: ID.replace("0", "1") }, false],
    [{ reason: "BYTE seq" }, true],
    [{ reason: "22p05" }, true],
    [{ reason: "byte", project: "blog" }, false],
  ])("%j: %s", (filter, expected) => {
    expect(matches(filter, stored)).toBe(expected);
  });

  test("knows the project of an older worker's letter", () => {
    expect(matches({ project: "shop" }, { ...stored, subject: "dead.shop" })).toBe(true);
  });

  test("finds no project in a letter without one", () => {
    expect(matches({ project: "_" }, { ...stored, subject: "dead._._" })).toBe(false);
  });
});

describe("subjectOfFilter()", () => {
  test.each([
    [{}, undefined],
    [{ reason: "x", since: 1 }, undefined],
    [{ project: "shop" }, "dead.shop.>"],
    [{ eventId: ID.toUpperCase() }, `dead.*.${ID}`],
    [{ eventId: ID, project: "shop" }, `dead.shop.${ID}`],
    [{ eventId: "not.a*uuid", project: "shop" }, "dead.shop.>"],
    [{ eventId: "not.a*uuid" }, undefined],
  ])("%j is %s", (filter, expected) => {
    expect(subjectOfFilter(filter)).toBe(expected);
  });
});
