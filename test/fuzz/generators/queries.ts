/** Questions in URLs and bodies, right ones changed at a place or two. For fast-check. */
import fc from "fast-check";
import { NUMBER_TEXTS, TIMESTAMP_TEXTS } from "../corpus/hostile-scalars.ts";
import { HOSTILE_KEYS, HOSTILE_TEXTS } from "../corpus/hostile-text.ts";
import type { EdgePlan } from "../edge/edge-plan.ts";
import { hostileText, jsonText } from "./json-text.ts";
import { tenant } from "./tenant.ts";
import { encodeForUrl, urlText } from "./url-text.ts";

type Parameter = readonly [name: string, value: string];

const time = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "2024-02-28",
      "2024-03-01",
      "2024-02-29T12:00:00Z",
      "2024-03-01T00:00:00.001Z",
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(...TIMESTAMP_TEXTS) },
);
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

const PATHS: Readonly<Record<string, fc.Arbitrary<readonly Parameter[]>>> = {
  "/v1/stats/active-users": named({ interval, from: time, to: time }),
  "/v1/stats/top-events": named({
    from: time,
    to: time,
    limit: fc.constantFrom("1", "10", "1000"),
  }),
  "/v1/stats/events": named({
    interval,
    from: time,
    to: time,
    measure: fc.constantFrom("events", "users"),
    breakdown: fc.oneof(
      fc.constant("event_type"),
      fc.constantFrom(...HOSTILE_KEYS).map((key) => `properties.${key}`),
    ),
    filter: filterText,
  }),
  "/v1/stats/retention": named({
    interval,
    from: time,
    to: time,
    periods: fc.constantFrom("1", "8", "366"),
  }),
  "/v1/stats/funnel": named({
    steps: fc.constantFrom("view,buy", "a\\,b,c", "view,view", ",", "a"),
    window: fc.constantFrom("7d", "1s", "366d", "0d", "99999999w", "1e3d", "-1d"),
    from: time,
    to: time,
    step_filter: filterText.map((text) => `1:${text}`),
  }),
  "/v1/events": named({
    from: time,
    to: time,
    event_type: hostileText,
    user_id: hostileText,
    limit: fc.constantFrom("1", "3"),
    filter: filterText,
  }),
  "/v1/export": named({
    from: time,
    to: time,
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

const CURSORS = [
  "AAAA",
  "",
  Buffer.from("2024-02-29T12:00:00Z 00000000-0000-0000-0000-000000000000").toString("base64url"),
  Buffer.from("2024-02-29T12:00:00.123456Z ffffffff-ffff-ffff-ffff-ffffffffffff x").toString(
    "base64url",
  ),
  Buffer.from("0000-01-01T00:00:00Z 00000000-0000-0000-0000-000000000000").toString("base64url"),
  Buffer.from("9999-12-31T23:59:59Z 00000000-0000-0000-0000-000000000000").toString("base64url"),
  Buffer.from("2024-02-30T12:00:00Z 00000000-0000-0000-0000-000000000000").toString("base64url"),
  Buffer.from("2024-02-29T12:00:60Z 00000000-0000-0000-0000-000000000000").toString("base64url"),
  Buffer.from("' or 1=1 --").toString("base64url"),
  "%00",
  "a".repeat(5_000),
];

const NAMES = [
  "from",
  "to",
  "interval",
  "limit",
  "periods",
  "filter",
  "filters",
  "filter[]",
  "steps",
  "step_filter",
  "window",
  "cursor",
  "kind",
  "key",
  "project_id",
  "format",
  "event_type",
  "user_id",
  "measure",
  "breakdown",
  "__proto__",
  "constructor",
  "results",
  "wait",
  "",
];

const changes: fc.Arbitrary<(parameters: readonly string[]) => readonly string[]> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(9), fc.constantFrom(...NAMES), urlText).map(
      ([at, name, value]) =>
        (all: readonly string[]) =>
          all.toSpliced(at, 1, `${name}=${value}`),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...NAMES), urlText)
      .map(([name, value]) => (all: readonly string[]) => [...all, `${name}=${value}`]),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(urlText, urlText).map(([name, value]) => (all: readonly string[]) => [
      ...all,
      `${name}=${value}`,
    ]),
  },
  { weight: 1, arbitrary: fc.nat(9).map((at) => (all: readonly string[]) => all.toSpliced(at, 1)) },
  {
    weight: 1,
    arbitrary: fc
      .nat(9)
      .map((at) => (all: readonly string[]) => [...all, all[at % Math.max(1, all.length)] ?? "&"]),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...CURSORS)
      .map((cursor) => (all: readonly string[]) => [...all, `cursor=${cursor}`]),
  },
);

const HEADERS: readonly (readonly [string, string])[] = [
  ["if-none-match", "*"],
  ["if-none-match", 'W/"a", "b"'],
  ["if-none-match", "a".repeat(5_000)],
  ["if-none-match", '"'],
  ["cache-control", "no-cache"],
  ["cache-control", "no-store, max-age=x"],
  ["range", "bytes=0-0"],
  ["range", "bytes=-1,5-3"],
  ["accept", "application/xml;q=x"],
  ["accept-encoding", "nonsense;q=2, br, gzip;q=0"],
];

export const getQuery: fc.Arbitrary<EdgePlan> = fc
  .constantFrom(...Object.keys(PATHS))
  .chain((path) =>
    fc
      .record({
        tenant,
        parameters: PATHS[path] ?? fc.constant([]),
        harm: fc.array(changes, { minLength: 0, maxLength: 2 }),
        headers: fc.oneof(
          fc.constant([]),
          fc.constantFrom(...HEADERS).map((header) => [header]),
        ),
      })
      .map(({ tenant: own, parameters, harm, headers }) => {
        const right: readonly string[] = parameters.map(
          ([name, value]) => `${name}=${encodeForUrl(value, "right")}`,
        );
        return {
          kind: "query",
          tenant: own,
          method: "GET",
          path,
          parameters: harm.reduce((all, apply) => apply(all), right),
          key: { scope: "r", place: "header" } as const,
          headers,
        };
      }),
  );

const QUESTIONS = [
  '"active_users"',
  '"top_events"',
  '"events"',
  '"retention"',
  '"funnel"',
  "null",
  '"__proto__"',
];

const questionText = fc
  .tuple(
    fc.constantFrom(...QUESTIONS),
    fc.dictionary(
      fc.constantFrom(
        "interval",
        "limit",
        "periods",
        "filters",
        "steps",
        "window",
        "breakdown",
        "measure",
        "event_type",
        "x",
        "__proto__",
      ),
      jsonText,
      { maxKeys: 3 },
    ),
    time,
    time,
  )
  .map(([kind, members, from, to]) => {
    const all = Object.entries({ from: JSON.stringify(from), to: JSON.stringify(to), ...members });
    return `{"kind":${kind},${all.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`;
  });

export const postQuery: fc.Arbitrary<EdgePlan> = fc
  .record({
    tenant,
    text: fc.oneof({ weight: 4, arbitrary: questionText }, { weight: 1, arbitrary: jsonText }),
  })
  .map(({ tenant: own, text }) => ({
    kind: "query in a body",
    tenant: own,
    method: "POST",
    path: "/v1/query",
    parameters: [],
    key: { scope: "r", place: "header" },
    headers: [["content-type", "application/json"]],
    body: { text },
  }));
