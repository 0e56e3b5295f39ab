import { type StatsQuery, statsQuerySchema } from "../../contract/stats-query.ts";

const MONTH = { from: "2026-05-01", to: "2026-06-01" };
const filters = [{ field: "properties.plan", op: "eq", value: "team" }];

/** Each kind of question about the last month of {@link generateRows}; `isRollup`: answered without a raw row. */
export const ENGINE_QUESTIONS: readonly {
  readonly name: string;
  readonly isRollup: boolean;
  readonly query: StatsQuery;
}[] = [
  ["active users by day", true, { kind: "active_users", interval: "day", ...MONTH }],
  ["top events", true, { kind: "top_events", ...MONTH }],
  [
    "events by hour of one type",
    true,
    { kind: "events", interval: "hour", event_type: "type-3", ...MONTH },
  ],
  [
    "events by day and type",
    true,
    { kind: "events", interval: "day", breakdown: "event_type", ...MONTH },
  ],
  [
    "retention by week",
    true,
    { kind: "retention", interval: "week", from: "2026-04-06", to: "2026-06-01" },
  ],
  [
    "users by type",
    true,
    { kind: "events", interval: "day", measure: "users", breakdown: "event_type", ...MONTH },
  ],
  [
    "events by property",
    false,
    { kind: "events", interval: "day", breakdown: "properties.country", ...MONTH },
  ],
  ["filtered by property", false, { kind: "events", interval: "day", filters, ...MONTH }],
  [
    "funnel of three steps",
    false,
    { kind: "funnel", steps: ["type-0", "type-1", "type-2"], ...MONTH },
  ],
].map(([name, isRollup, query]) => ({
  name: name as string,
  isRollup: isRollup as boolean,
  query: statsQuerySchema.parse(query),
}));
