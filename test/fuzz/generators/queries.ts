/** Questions in URLs and bodies, right ones changed at a place or two. For fast-check. */
import fc from "fast-check";
import type { EdgePlan } from "../edge/edge-plan.ts";
import { jsonText } from "./json-text.ts";
import { from, QUESTIONS, to } from "./questions.ts";
import { tenant } from "./tenant.ts";
import { encodeForUrl, urlText } from "./url-text.ts";

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

type Change = (parameters: readonly string[]) => readonly string[];

const changes: fc.Arbitrary<Change> = fc.oneof(
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
  .constantFrom(...Object.keys(QUESTIONS))
  .chain((path) =>
    fc
      .record({
        tenant,
        parameters: QUESTIONS[path] ?? fc.constant([]),
        harm: fc.oneof(fc.constant<Change[]>([]), fc.array(changes, { maxLength: 2 })),
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

const KINDS = [
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
    fc.constantFrom(...KINDS),
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
    from,
    to,
  )
  .map(([kind, members, first, last]) => {
    const all = Object.entries({
      from: JSON.stringify(first),
      to: JSON.stringify(last),
      ...members,
    });
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
