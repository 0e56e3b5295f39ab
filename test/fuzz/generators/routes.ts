/** Paths, methods, headers and keys that do not belong together. For fast-check. */
import fc from "fast-check";
import { UUID_TEXTS } from "../corpus/hostile-scalars.ts";
import { HTTP_CASES } from "../corpus/http-cases.ts";
import type { EdgePlan, KeyPlan } from "../edge/edge-plan.ts";
import type { Header } from "../http/http-request.ts";
import { validEvent } from "./event-text.ts";
import { hostileText } from "./json-text.ts";
import { tenant } from "./tenant.ts";
import { encodeForUrl, urlText } from "./url-text.ts";

const ROUTES = [
  "/",
  "/healthz",
  "/docs",
  "/docs/style.css",
  "/openapi.json",
  "/metrics",
  "/v1/events",
  "/v1/query",
  "/v1/export",
  "/v1/stats/top-events",
  "/v1/stats/events",
  "/v1/users/u1/events",
  "/v1/events/00000000-0000-4000-8000-000000000000",
];

const METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "PROPFIND",
  "PURGE",
  "SEARCH",
  "REPORT",
  "LOCK",
];

const place = fc.constantFrom<"header" | "parameter">("header", "parameter");

const CHARACTERS = ["0", "f", "g", "A", "_", "-", ".", "\u00e9", "\u0430", "%", "'", "*", ">"];

/** A key of the project, one that was changed at a place, or something else. */
const key: fc.Arbitrary<KeyPlan> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ scope: fc.constantFrom("w", "r", "a"), place }) },
  {
    weight: 3,
    arbitrary: fc.record({
      scope: fc.constantFrom("w", "r", "a"),
      place,
      change: fc.oneof(
        fc.record({
          kind: fc.constantFrom("replace", "insert"),
          at: fc.nat(90),
          character: fc.constantFrom(...CHARACTERS),
        }),
        fc.record({ kind: fc.constant("drop"), at: fc.nat(90) }),
        fc.record({
          kind: fc.constant("append"),
          text: fc.constantFrom("0", "=", "\u00e9", "_1", "a".repeat(3_000)),
        }),
      ),
    }) as fc.Arbitrary<KeyPlan>,
  },
  { weight: 1, arbitrary: fc.record({ text: hostileText.map(toHeaderText), place }) },
  { weight: 1, arbitrary: fc.constant("none") },
);

const HEADERS: readonly Header[] = [
  ["x-request-id", "a".repeat(5_000)],
  ["x-request-id", "../../x"],
  ["x-request-id", "\u00e9\u4e2d"],
  ["x-request-id", "<script>alert(1)</script>"],
  ["x-request-id", '"}{"'],
  ["x-request-id", ""],
  ["idempotency-key", "a.b.*.>"],
  ["idempotency-key", '"quoted"'],
  ["idempotency-key", "a".repeat(255)],
  ["idempotency-key", "a".repeat(256)],
  ["idempotency-key", "a b"],
  ["idempotency-key", "\u00e9"],
  ["idempotency-key", "seen:other:id"],
  ["idempotency-key", ""],
  ["authorization", "Basic YTpi"],
  ["authorization", "Bearer"],
  ["authorization", "Bearer a b"],
  ["authorization", "bearer  x"],
  ["authorization", ""],
  ["origin", "null"],
  ["origin", "https://evil.test"],
  ["access-control-request-method", "DELETE"],
  ["access-control-request-headers", "x, y, authorization"],
  ["content-type", "application/json"],
  ["content-type", "text/plain"],
  ["content-encoding", "gzip"],
  ["content-encoding", "br, gzip"],
  ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  ["traceparent", "zz"],
  ["cf-connecting-ip", "1.2.3.4"],
  ["cf-ipcountry", "XX"],
  ["x-forwarded-for", "127.0.0.1, evil"],
  ["x-forwarded-host", "evil.test"],
  ["x-http-method-override", "DELETE"],
  ["x-original-url", "/v1/export"],
  ["x-rewrite-url", "/v1/export"],
  ["cookie", "key=slu_w_x"],
  ["te", "trailers"],
  ["trailer", "authorization"],
  ["connection", "keep-alive, authorization"],
  ["upgrade-insecure-requests", "1"],
  ["if-none-match", "*"],
  ["if-match", "*"],
  ["if-modified-since", "Thu, 99 Jan 2024 00:00:00 GMT"],
  ["range", "bytes=0-"],
  ["accept-encoding", "gzip;q=x, *;q=0"],
  ["accept-encoding", "zstd, br"],
  ["sec-fetch-site", "cross-site"],
  ["x-forwarded-proto", "gopher"],
  ["forwarded", 'for="[::1]";host=x'],
];

const headers = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...HEADERS) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...HEADERS.map(([name]) => name)), hostileText)
        .map(([name, text]): Header => [name, toHeaderText(text)]),
    },
  ),
  { maxLength: 4 },
);

/** What a line of a header can hold. */
function toHeaderText(text: string): string {
  return [...text.toWellFormed()].filter((one) => one >= " " && one !== "\u007f").join("");
}

const query = fc.array(
  fc.tuple(urlText, urlText).map(([name, value]) => `${name}=${value}`),
  { maxLength: 2 },
);

/** Every route with every method, any headers and any key; now and then with an event. */
export const anyRoute: fc.Arbitrary<EdgePlan> = fc
  .record({
    tenant,
    path: fc.constantFrom(...ROUTES),
    method: fc.constantFrom(...METHODS),
    key,
    headers,
    query,
    body: fc.option(validEvent, { freq: 3, nil: undefined }),
  })
  .map(({ tenant: own, path, method, key: ownKey, headers: all, query: parameters, body }) => ({
    kind: "route",
    tenant: own,
    method,
    path,
    parameters,
    key: ownKey,
    headers: all,
    body: body === undefined || method === "TRACE" ? undefined : { text: body },
  }));

/** An event that would be taken, but for its headers and its key. */
export const postWithHeaders: fc.Arbitrary<EdgePlan> = fc
  .record({ tenant, key, headers, text: validEvent })
  .map(({ tenant: own, key: ownKey, headers: all, text }) => ({
    kind: "headers",
    tenant: own,
    method: "POST",
    path: "/v1/events",
    parameters: ["results=all"],
    key: ownKey,
    headers: [["content-type", "application/json"], ...all],
    body: { text },
  }));

const ID_PATHS = ["/v1/events/", "/v1/users/", "/v1/stats/", "/v1/", "/docs/", "/"];
const TAILS = ["", "", "/events", "/", "//", "/..", "/../../healthz", ";x=y", "?", "/events/"];

/** Paths with a part that a client may choose, and what it should not. */
export const anyPath: fc.Arbitrary<EdgePlan> = fc
  .record({
    tenant,
    start: fc.constantFrom(...ID_PATHS),
    middle: fc.oneof(
      { weight: 3, arbitrary: urlText },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom(...UUID_TEXTS)
          .map((text) => encodeForUrl(text, "right").replaceAll("%40", "@")),
      },
    ),
    tail: fc.constantFrom(...TAILS),
    scope: fc.constantFrom<"r" | "a">("r", "r", "r", "a"),
    method: fc.constantFrom("GET", "GET", "GET", "HEAD", "POST"),
  })
  .map(({ tenant: own, start, middle, tail, scope, method }) => ({
    kind: "path",
    tenant: own,
    method,
    path: `${start}${middle}${tail}`,
    parameters: [],
    key: { scope, place: "header" },
    headers: [],
  }));

/** Erasures of users that never were. */
export const eraseNobody: fc.Arbitrary<EdgePlan> = fc
  .record({ tenant, user: urlText })
  .map(({ tenant: own, user }) => ({
    kind: "erasure",
    tenant: own,
    method: "DELETE",
    path: `/v1/users/ghost-${user}`,
    parameters: [],
    key: { scope: "a", place: "header" },
    headers: [],
  }));

export const brokenHttp: fc.Arbitrary<EdgePlan> = fc
  .record({ tenant, httpCase: fc.constantFrom(...HTTP_CASES.map(({ name }) => name)) })
  .map(({ tenant: own, httpCase }) => ({
    kind: "broken HTTP",
    tenant: own,
    method: "GET",
    path: "/",
    parameters: [],
    key: "none",
    headers: [],
    httpCase,
  }));
