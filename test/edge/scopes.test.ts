import { describe, expect, it } from "vitest";
import { type AppDeps, createApp } from "../../edge/app.ts";
import {
  ADMIN_KEY,
  createTestApp,
  emptyStore,
  post,
  READ_KEY,
  sampleEvent,
  WRITE_KEY,
} from "./test-app.ts";

const KEYS = { none: undefined, w: WRITE_KEY, r: READ_KEY, a: ADMIN_KEY };
type Who = keyof typeof KEYS;
type Statuses = Readonly<Record<Who, number>>;

/** What a route answers to each scope; `to` is what it answers to those that may. */
const only = (scopes: string, to = 200): Statuses => ({
  none: 401,
  w: scopes.includes("w") ? to : 403,
  r: scopes.includes("r") ? to : 403,
  a: scopes.includes("a") ? to : 403,
});
const everybody = (status: number): Statuses => ({ none: status, w: status, r: status, a: status });

type Expectation = {
  readonly statuses: Statuses;
  readonly url?: string;
  readonly init?: RequestInit;
};

const RANGE = "from=2026-03-01&to=2026-03-02";
const ID = "00000000-0000-4000-8000-00000000000a";
const QUERY = { kind: "top_events", from: "2026-03-01", to: "2026-03-02" };

/** Who may use each route. */
const ROUTES: Readonly<Record<string, Expectation>> = {
  "POST /v1/events": { statuses: only("w", 202), init: post(sampleEvent()) },
  "GET /v1/events": { statuses: only("r") },
  "GET /v1/events/:event_id": { statuses: only("ra"), url: `/v1/events/${ID}` },
  "GET /v1/users/:user_id/events": { statuses: only("r"), url: "/v1/users/u1/events" },
  "DELETE /v1/users/:user_id": { statuses: only("a"), url: "/v1/users/u1" },
  "GET /v1/stats/active-users": {
    statuses: only("r"),
    url: `/v1/stats/active-users?interval=day&${RANGE}`,
  },
  "GET /v1/stats/top-events": { statuses: only("r"), url: `/v1/stats/top-events?${RANGE}` },
  "GET /v1/stats/events": { statuses: only("r"), url: `/v1/stats/events?interval=day&${RANGE}` },
  "GET /v1/stats/retention": {
    statuses: only("r"),
    url: `/v1/stats/retention?interval=day&${RANGE}`,
  },
  "GET /v1/stats/funnel": { statuses: only("r"), url: `/v1/stats/funnel?steps=a,b&${RANGE}` },
  "POST /v1/query": { statuses: only("r"), init: post(QUERY) },
  "GET /v1/export": { statuses: only("r"), url: `/v1/export?${RANGE}` },
  "GET /v1/dead-letters": { statuses: only("a") },
  "GET /v1/dead-letters/:event_id": { statuses: only("a"), url: `/v1/dead-letters/${ID}` },
  // A token of its own, which is no key.
  "GET /metrics": { statuses: everybody(401) },
  "GET /healthz": { statuses: everybody(200) },
  "GET /readyz": { statuses: everybody(200) },
  "GET /openapi.json": { statuses: everybody(200) },
  "GET /docs": { statuses: everybody(200) },
  "GET /docs/style.css": { statuses: everybody(200) },
  "GET /": { statuses: everybody(302) },
};

const letter = {
  reason: "value too long",
  stream_sequence: 1,
  subject: "events.demo",
  failed_at: "2026-06-01T12:00:00.000Z",
};

/** Behind this app there is an answer to everything. */
const { fetch } = createTestApp({
  metricsToken: "a token of the metrics",
  store: {
    ...emptyStore(),
    readStats: async () => ({ rows: [], asOf: null, sources: ["events"] }),
  },
  worker: {
    open: async () => new Response(""),
    ask: async <Answer>() => ({ erased_at: "2026-06-01T12:00:00Z", removed: {} }) as Answer,
  },
  deadLetters: {
    find: async () => letter,
    list: async () => ({ letters: [letter], before: null }),
  },
});

const served = [
  ...new Set(
    createApp({ keySecrets: [] } as unknown as AppDeps)
      .routes.filter(({ path, method }) => method !== "ALL" && !path.includes("*"))
      .map(({ path, method }) => `${method} ${path}`),
  ),
];

const methodOf = (route: string) => route.slice(0, route.indexOf(" "));
const pathOf = (route: string) => ROUTES[route]?.url ?? route.slice(route.indexOf(" ") + 1);

/** One request as somebody, with the key in the header or in the URL. */
function ask(route: string, who: Who, change: { url?: string; method?: string; at?: "url" } = {}) {
  const { url = pathOf(route), method = methodOf(route), at } = change;
  const key = KEYS[who];
  const init = ROUTES[route]?.init ?? {};
  const headers = new Headers(init.headers);
  headers.delete("authorization");
  if (key !== undefined && at === undefined) headers.set("authorization", `Bearer ${key}`);
  const search =
    key !== undefined && at === "url" ? `${url.includes("?") ? "&" : "?"}key=${key}` : "";
  return fetch(url + search, { ...init, headers, method, redirect: "manual" });
}

it("every route is in the table, and every route of the table is served", () => {
  expect(served.toSorted()).toEqual(Object.keys(ROUTES).toSorted());
});

describe.each(served)("%s", (route) => {
  const { statuses } = ROUTES[route] ?? { statuses: everybody(0) };

  it.each(Object.keys(KEYS) as Who[])("answers scope %s as the table says", async (who) => {
    expect((await ask(route, who)).status).toBe(statuses[who]);
    expect((await ask(route, who, { at: "url" })).status).toBe(statuses[who]);
    if (methodOf(route) === "GET") {
      expect((await ask(route, who, { method: "HEAD" })).status).toBe(statuses[who]);
    }
  });

  it("does nothing by another method", async () => {
    const path = pathOf(route).split("?")[0] ?? "";
    const own = new Set(
      served.filter((one) => pathOf(one).split("?")[0] === path).map((one) => methodOf(one)),
    );
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((one) => !own.has(one))) {
      for (const who of Object.keys(KEYS) as Who[]) {
        const init = method === "GET" ? {} : { body: "{}" };
        const headers = { authorization: `Bearer ${KEYS[who]}` };
        const { status } = await fetch(path, { method, headers, ...init });
        expect(status, `${who} ${method}`).toBe(405);
      }
    }
  });
});

const closed = served.filter((route) => ROUTES[route]?.statuses.none === 401);

it.each(closed)("%s opens to nobody who writes it in another way", async (route) => {
  const { statuses } = ROUTES[route] ?? { statuses: everybody(0) };
  const path = pathOf(route);
  const variants = [
    `/${path}`,
    path.replace(/(\?|$)/, "/$1"),
    `/.${path}`,
    `/x/..${path}`,
    path.replace("/v1/", "//v1//"),
    path.replace("/v1", "/V1"),
    path.replace("/v1", "/%76%31"),
    path.replace("/v1/", "/v1%2F"),
  ];
  for (const variant of variants) {
    for (const who of Object.keys(KEYS) as Who[]) {
      const { status } = await ask(route, who, { url: `https://edge.test${variant}` });
      if (statuses[who] >= 400) expect(status, `${who} ${variant}`).toBeGreaterThanOrEqual(400);
    }
  }
});
