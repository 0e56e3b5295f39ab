import { describe, expect, it } from "vitest";
import { encodeCursor, eventPageQuerySchema, toEventPage } from "../../../contract/event-page.ts";
import { StatsQueryError } from "../../../contract/query-parts.ts";
import { parseEventPageSearch } from "../../../contract/stats-search.ts";

const ID = "0190b5a0-0000-7000-8000-000000000001";
const POSITION = { occurred_at: "2024-03-01T10:00:00.123456Z", event_id: ID };

const faultsOf = (search: string) => {
  try {
    parseEventPageSearch({}, new URLSearchParams(search));
  } catch (error) {
    if (error instanceof StatsQueryError) return error.faults;
    throw error;
  }
  throw new Error(`Cannot find faults: "${search}" is valid`);
};

describe("parseEventPageSearch()", () => {
  it("reads a page's place back from its cursor", () => {
    const search = new URLSearchParams({ cursor: encodeCursor(POSITION), limit: "5" });
    expect(parseEventPageSearch({}, search)).toEqual({ filters: [], limit: 5, cursor: POSITION });
  });

  it("takes a user from the path, and not a second time from the search", () => {
    const fixed = { user_id: "u1" };
    expect(parseEventPageSearch(fixed, new URLSearchParams())).toEqual({
      user_id: "u1",
      filters: [],
      limit: 100,
    });
    expect(() => parseEventPageSearch(fixed, new URLSearchParams("user_id=u2"))).toThrow(
      'Unknown parameter "user_id"',
    );
  });

  it.each([
    ["cursor=abc", "/cursor", "cursor is none that an earlier page gave"],
    [
      `cursor=${Buffer.from(`2024-03-01T10:00:00Z ${ID} x`).toString("base64url")}`,
      "/cursor",
      "cursor is none that an earlier page gave",
    ],
    // A day that does not exist, and a year that PostgreSQL does not have: a store that is asked for them answers an error.
    ...["2024-02-30T10:00:00Z", "0000-01-01T00:00:00Z"].map((time): [string, string, string] => [
      `cursor=${Buffer.from(`${time} ${ID}`).toString("base64url")}`,
      "/cursor",
      "cursor is none that an earlier page gave",
    ]),
    ["limit=1001", "/limit", "limit must be a whole number from 1 to 1000"],
    ["from=2024-03-02&to=2024-03-01", "/to", "to must be later than from"],
    ["user_id=", "/user_id", "user_id is empty"],
    ["filter=plan:eq:pro", "/filters/0/field", "filters.0.field must be properties. and a key"],
    ["filter=x", "/filter/0", 'filter "x" is not properties.<key>:<op>:<value>'],
    [
      "users=1",
      "/users",
      'Unknown parameter "users": known are from, to, event_type, user_id, filter, limit, cursor',
    ],
  ])("refuses %s", (search, pointer, detail) => {
    expect(faultsOf(search)).toContainEqual({ pointer, detail });
  });
});

describe("toEventPage()", () => {
  const row = (occurred_at: string, event_id: string) => ({
    event_id,
    occurred_at,
    received_at: "2024-03-01T10:00:00.000000Z",
    event_type: "a",
    user_id: "u1",
    properties: "{}",
  });

  it("sorts newest first, cuts the row that only tells of more, and shortens times", () => {
    const rows = [
      row("2024-03-01T10:00:00.000001Z", "a"),
      row("2024-03-01T10:00:00.500000Z", "b"),
      row("2024-03-01T10:00:00.500000Z", "c"),
    ];
    const { events, hasMore } = toEventPage(rows, 2);
    expect(events.map(({ event_id }) => event_id)).toEqual(["c", "b"]);
    expect(events[0]?.occurred_at).toBe("2024-03-01T10:00:00.500Z");
    expect(events[0]?.properties).toEqual({});
    expect(hasMore).toBe(true);
  });
});

it("a parsed query says where it goes on, not how that was written", () => {
  expect(eventPageQuerySchema.parse({ cursor: encodeCursor(POSITION) }).cursor).toEqual(POSITION);
});
