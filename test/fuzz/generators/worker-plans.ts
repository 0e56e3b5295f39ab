/** What is thrown at the worker's HTTP. For fast-check. */
import fc from "fast-check";
import { UUID_TEXTS } from "../corpus/hostile-scalars.ts";
import { KNOWN_ID, WORKER_PROJECTS, type WorkerPlan } from "../worker/worker-plan.ts";
import { changedJson } from "./changed-json.ts";
import { hostileText, jsonText } from "./json-text.ts";
import { encodeForUrl, urlText } from "./url-text.ts";

const RANGE = { from: "2024-02-28T00:00:00Z", to: "2024-03-02T00:00:00Z" };
const EVENT_ID = `${KNOWN_ID}1`;

function bodiesOf(project_id: string): Readonly<Record<string, readonly object[]>> {
  const stats = (query: object) => ({
    read: "stats",
    project_id,
    timeout_ms: 9_000,
    query: { ...RANGE, ...query },
  });
  const filters = [
    { field: "properties.mark", op: "eq", value: "x" },
    { field: "properties.n", op: "gt", value: 1 },
    { field: "properties.n", op: "in", value: ["1", "2"] },
  ];
  return {
    "/query": [
      stats({ kind: "active_users", interval: "day" }),
      stats({ kind: "top_events", limit: 5 }),
      stats({
        kind: "events",
        interval: "hour",
        measure: "users",
        breakdown: "properties.mark",
        limit: 3,
        filters,
      }),
      stats({ kind: "retention", interval: "week", periods: 2 }),
      stats({ kind: "funnel", steps: ["view", { event_type: "buy", filters }], window: "1d" }),
      {
        read: "page",
        project_id,
        query: { ...RANGE, user_id: "u1", event_type: "view", limit: 2, filters },
      },
      {
        read: "page",
        project_id,
        query: {
          cursor: "MjAyNC0wMi0yOVQxMjowMDowMFogMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw",
        },
      },
      { read: "event", project_id, event_id: EVENT_ID },
      {
        read: "stored",
        project_id,
        wanted: [
          { event_id: EVENT_ID, occurred_at: "2024-02-29T12:00:00Z" },
          { event_id: EVENT_ID },
        ],
      },
    ],
    "/export": [
      { project_id, ...RANGE, format: "ndjson" },
      { project_id, ...RANGE, format: "csv" },
    ],
    "/erase": [{ project_id, user_id: "nobody at all" }],
    "/archive": [{ older_than_ms: 1_000, dry_run: true }],
  };
}

const project = fc.constantFrom(...WORKER_PROJECTS);
const paths = fc.constantFrom(
  "/query",
  "/query",
  "/query",
  "/query",
  "/export",
  "/erase",
  "/archive",
);

/** What is asked of it every day, changed at one place. */
const changedQuestion: fc.Arbitrary<WorkerPlan> = fc
  .tuple(project, paths)
  .chain(([project_id, path]) =>
    fc.constantFrom(...(bodiesOf(project_id)[path] ?? [])).chain((body) =>
      changedJson(body).map((text) => ({
        kind: `changed ${path}`,
        method: "POST",
        path,
        token: "right" as const,
        headers: [["content-type", "application/json"] as const],
        body: text,
      })),
    ),
  );

const anyBody: fc.Arbitrary<WorkerPlan> = fc.tuple(paths, jsonText).map(([path, body]) => ({
  kind: "any JSON",
  method: "POST",
  path,
  token: "right",
  headers: [],
  body,
}));

const ROUTES = [
  "/query",
  "/export",
  "/erase",
  "/archive",
  "/healthz",
  "/readyz",
  "/metrics",
  "/",
  "/dead-letters/fuzz-left",
  `/dead-letters/fuzz-left/${EVENT_ID}`,
];
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND"];
const TYPES = [
  "application/json",
  "text/plain",
  "application/xml",
  "multipart/form-data",
  "application/json;charset=utf-16",
  "",
];

const token: fc.Arbitrary<WorkerPlan["token"]> = fc.oneof(
  fc.constant("none" as const),
  fc.constant("right" as const),
  hostileText.map((text) => ({
    text: [...text.toWellFormed()].filter((one) => one > " " && one < "\u007f").join(""),
  })),
);

const anyRoute: fc.Arbitrary<WorkerPlan> = fc
  .record({
    path: fc.constantFrom(...ROUTES),
    method: fc.constantFrom(...METHODS),
    token,
    type: fc.constantFrom(...TYPES),
    framing: fc.constantFrom(
      "length",
      "chunked",
      "length",
      "chunked",
      "unfinished",
      "longer",
      "shorter",
    ),
    body: fc.option(fc.constant(JSON.stringify(bodiesOf("fuzz-left")["/query"]?.[1])), {
      nil: undefined,
    }),
  })
  .map(({ type, ...plan }) => ({
    kind: "route",
    headers: [["content-type", type] as const],
    ...plan,
  }));

const letterPath: fc.Arbitrary<WorkerPlan> = fc
  .record({
    project: fc.oneof(fc.constantFrom<string>(...WORKER_PROJECTS), urlText),
    id: fc.oneof(
      urlText,
      fc.constantFrom(...UUID_TEXTS).map((text) => encodeForUrl(text, "right")),
      fc.constant(EVENT_ID),
    ),
    query: fc.oneof(
      fc.constant(""),
      fc
        .tuple(fc.constantFrom("cursor", "limit", "before", "x"), urlText)
        .map(([name, value]) => `?${name}=${value}`),
    ),
    isPage: fc.boolean(),
  })
  .map(({ project: own, id, query, isPage }) => ({
    kind: "dead letters",
    method: "GET",
    path: isPage ? `/dead-letters/${own}${query}` : `/dead-letters/${own}/${id}${query}`,
    token: "right",
    headers: [],
  }));

export const workerPlan: fc.Arbitrary<WorkerPlan> = fc.oneof(
  { weight: 12, arbitrary: changedQuestion },
  { weight: 3, arbitrary: anyBody },
  { weight: 4, arbitrary: anyRoute },
  { weight: 3, arbitrary: letterPath },
);
