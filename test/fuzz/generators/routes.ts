/** Paths, methods, headers and keys that do not belong together. For fast-check. */
import fc from "fast-check";
import { UUID_TEXTS } from "../corpus/hostile-scalars.ts";
import { HTTP_CASES } from "../corpus/http-cases.ts";
import type { EdgePlan } from "../edge/edge-plan.ts";
import { validEvent } from "./event-text.ts";
import { headers } from "./headers.ts";
import { key } from "./keys.ts";
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
