/** Parameters of questions, right for the most part. For fast-check. */
import fc from "fast-check";
import { NUMBER_TEXTS, TIMESTAMP_TEXTS } from "../corpus/hostile-scalars.ts";
import { HOSTILE_KEYS, HOSTILE_TEXTS } from "../corpus/hostile-text.ts";
import { hostileText } from "./json-text.ts";

export type Parameter = readonly [name: string, value: string];

const near = (...times: readonly string[]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...times) },
    { weight: 1, arbitrary: fc.constantFrom(...TIMESTAMP_TEXTS) },
  );
export const from = near("2024-02-28", "2024-02-29T12:00:00Z", "2024-02-28T23:59:59.999+01:00");
export const to = near("2024-03-01", "2024-03-02T00:00:00.001Z");
const interval = fc.constantFrom("day", "week", "month", "hour", "minute", "total", "year", "");
const OPS = ["eq", "neq", "in", "gt", "gte", "lt", "lte", "contains", "exists", "like", ""];
const VALUES = [
  ...HOSTILE_TEXTS.filter((text) => text.length < 1_500),
  ...NUMBER_TEXTS,
  "a\\,b,c\\\\",
  "\\",
  ",",
  "true",
  "false",
];

const filterText = fc
  .tuple(
    fc.constantFrom(...HOSTILE_KEYS),
    fc.constantFrom(...OPS),
    fc.option(fc.constantFrom(...VALUES), { freq: 9 }),
  )
  .map(([key, op, value]) => `properties.${key}:${op}${value === null ? "" : `:${value}`}`);

/** What each route of reading takes, rightly for the most part. */
export const QUESTIONS: Readonly<Record<string, fc.Arbitrary<readonly Parameter[]>>> = {
  "/v1/stats/active-users": named({ interval, from, to }),
  "/v1/stats/top-events": named({
    from,
    to,
    limit: fc.constantFrom("1", "10", "1000"),
  }),
  "/v1/stats/events": named({
    interval,
    from,
    to,
    measure: fc.constantFrom("events", "users"),
    breakdown: fc.oneof(
      fc.constant("event_type"),
      fc.constantFrom(...HOSTILE_KEYS).map((key) => `properties.${key}`),
    ),
    filter: filterText,
  }),
  "/v1/stats/retention": named({
    interval,
    from,
    to,
    periods: fc.constantFrom("1", "8", "366"),
  }),
  "/v1/stats/funnel": named({
    steps: fc.constantFrom("view,buy", "a\\,b,c", "view,view", ",", "a"),
    window: fc.constantFrom("7d", "1s", "366d", "0d", "99999999w", "1e3d", "-1d"),
    from,
    to,
    step_filter: filterText.map((text) => `1:${text}`),
  }),
  "/v1/events": named({
    from,
    to,
    event_type: hostileText,
    user_id: hostileText,
    limit: fc.constantFrom("1", "3"),
    filter: filterText,
  }),
  "/v1/export": named({
    from,
    to,
    format: fc.constantFrom("ndjson", "csv", "csv", "xml"),
  }),
};

function named(
  values: Readonly<Record<string, fc.Arbitrary<string>>>,
): fc.Arbitrary<readonly Parameter[]> {
  const required = Object.keys(values).filter(
    (name) =>
      !["filter", "step_filter", "breakdown", "measure", "event_type", "user_id", "limit"].includes(
        name,
      ),
  );
  return fc
    .record(values, { requiredKeys: required })
    .map((record) =>
      Object.entries(record).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
}
