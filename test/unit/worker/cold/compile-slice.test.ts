import { describe, expect, it } from "vitest";
import { statsQuerySchema } from "../../../../contract/stats-query.ts";
import type { SourceName } from "../../../../sql/source.ts";
import { compileSlice } from "../../../../worker/cold/compile-slice.ts";

const range = { from: "2024-01-01", to: "2024-03-01" };

function slice(question: object, source: SourceName) {
  const query = statsQuerySchema.parse({ ...question, ...range });
  const ends = { fromMs: Date.UTC(2024, 1), toMs: Date.UTC(2024, 2) };
  const { text, params } = compileSlice({ projectId: "shop", query, source, ...ends }, 11);
  return { text: text.replaceAll(/\s+/g, " "), params };
}

describe("compileSlice()", () => {
  it("fetches of properties the keys that are asked about, each once", () => {
    const { text, params } = slice(
      {
        kind: "events",
        interval: "day",
        breakdown: "properties.it's",
        filters: [
          { field: "properties.it's", op: "exists" },
          { field: "properties.a.b", op: "gt", value: 1 },
        ],
      },
      "events",
    );
    expect(text).toContain(
      "jsonb_build_object($4::text, properties->$4::text, $5::text, properties->$5::text)",
    );
    expect(params).toEqual([
      "shop",
      "2024-02-01T00:00:00Z",
      "2024-03-01T00:00:00Z",
      "it's",
      "a.b",
      1,
    ]);
  });

  it("leaves rows behind that no condition lets through", () => {
    const { text, params } = slice(
      {
        kind: "events",
        interval: "hour",
        event_type: "buy",
        from: "2024-02-01",
        to: "2024-02-02",
      },
      "events",
    );
    expect(text).toContain("and event_type = $4::text group by");
    expect(text).toMatch(/limit 11$/);
    expect(params.at(-1)).toBe("buy");
  });

  it("takes the events of a funnel's steps alone, without properties", () => {
    const { text } = slice({ kind: "funnel", steps: ["a", "b"] }, "events");
    expect(text).toContain("null::text as properties");
    expect(text).toContain("and ((event_type = $4::text) or (event_type = $5::text))");
  });

  it.each([
    ["events_hourly", { measure: "events" }, "null::text as user_id"],
    ["user_days", { measure: "users" }, " user_id::text as user_id"],
  ] as const)("takes rows of %s where they suffice", (source, measure, column) => {
    const { text } = slice({ kind: "events", interval: "day", ...measure }, source);
    expect(text).toContain(`from ${source} where`);
    expect(text).toContain("sum(events)::text as events");
    expect(text).toContain(column);
  });

  it("counts alike rows where the database is, but not those of a funnel", () => {
    const week = slice({ kind: "active_users", interval: "week" }, "user_days");
    expect(week.text).toContain("group by date_trunc('week', bucket, 'UTC'), user_id having");
    const total = slice({ kind: "events", interval: "total" }, "events");
    expect(total.text).toContain("group by () having count(*) > 0");
    expect(slice({ kind: "funnel", steps: ["a", "b"] }, "events").text).not.toContain("group by");
  });
});
