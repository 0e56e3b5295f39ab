import { describe, expect, it } from "vitest";
import { parseEvent } from "../../../contract/event.ts";
import { parseForeign } from "../../../contract/parse-foreign.ts";
import { parseStatsJson } from "../../../contract/stats-search.ts";
import { erasureRequestSchema, storeQuerySchema } from "../../../contract/store-api.ts";

/** What zod asks for its length, and cannot compare. */
const NO_LENGTHS = [
  { length: {} },
  { length: { toString: 1, valueOf: 2 } },
  { length: [[{}]] },
].map((value) =>
  JSON.parse(JSON.stringify(value).replace("{}", '{"toString":null,"valueOf":null}')),
);
const FAULT = "holds an object in place of a text or a list";

describe.each(NO_LENGTHS)("%j in place of a text or a list", (strange) => {
  it.each(["event_type", "user_id", "event_id", "occurred_at", "properties"])(
    "makes an event invalid: %s",
    (field) => {
      const event = { event_type: "a", user_id: "u", [field]: strange };
      const outcome = parseEvent(event);
      if (field === "properties") expect(outcome).not.toHaveProperty("code");
      else expect(outcome).toMatchObject({ code: expect.stringMatching(/^invalid_/) });
    },
  );

  it("makes a query invalid", () => {
    const range = { from: "2024-01-01", to: "2024-02-01" };
    for (const members of [
      { kind: "funnel", steps: strange },
      { kind: "funnel", steps: ["a", strange] },
      { kind: "events", interval: "day", event_type: strange },
      { kind: "events", interval: "day", filters: strange },
      { kind: "events", interval: "day", filters: [{ field: strange, op: "eq", value: "a" }] },
      {
        kind: "events",
        interval: "day",
        filters: [{ field: "properties.a", op: "in", value: strange }],
      },
    ]) {
      expect(() => parseStatsJson({ ...range, ...members })).toThrow("Cannot answer query");
    }
  });

  it("makes what is asked of the worker invalid", () => {
    const asked = { project_id: "p", user_id: strange };
    expect(parseForeign(erasureRequestSchema, asked).success).toBe(false);
    const stored = { read: "stored", project_id: "p", wanted: strange };
    expect(parseForeign(storeQuerySchema, stored).success).toBe(false);
  });
});

it("parseForeign() says what is wrong with a value that zod cannot read", () => {
  const [strange] = NO_LENGTHS;
  expect(parseEvent({ event_type: strange, user_id: "u" })).toEqual({
    code: "invalid_event",
    pointer: "",
    detail: `The event ${FAULT}`,
  });
  const query = { kind: "funnel", steps: strange, from: "2024-01-01", to: "2024-02-01" };
  expect(() => parseStatsJson(query)).toThrow(`The query ${FAULT}`);
});
