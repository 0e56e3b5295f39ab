/** What requests are counted by. A path is a client's to choose, so that none is a label. */
export const ROUTE_FAMILIES = [
  "ingest",
  "stats",
  "query",
  "event_pages",
  "receipts",
  "export",
  "erasure",
  "dead_letters",
  "health",
  "metrics",
  "docs",
  "other",
] as const;
export type RouteFamily = (typeof ROUTE_FAMILIES)[number];

const EVENTS = "/v1/events";

export function routeFamilyOf(method: string, path: string): RouteFamily {
  if (path === EVENTS) return method === "POST" || method === "OPTIONS" ? "ingest" : "event_pages";
  const whole = WHOLE_PATHS.get(path);
  if (whole !== undefined) return whole;
  if (!path.startsWith("/v1/")) return "other";
  if (path.startsWith("/v1/stats/")) return "stats";
  if (path.startsWith(`${EVENTS}/`)) return "receipts";
  if (path.startsWith("/v1/dead-letters/")) return "dead_letters";
  if (path.startsWith("/v1/users/")) return method === "DELETE" ? "erasure" : "event_pages";
  return "other";
}

const WHOLE_PATHS: ReadonlyMap<string, RouteFamily> = new Map([
  ["/v1/query", "query"],
  ["/v1/export", "export"],
  ["/v1/dead-letters", "dead_letters"],
  ["/healthz", "health"],
  ["/readyz", "health"],
  ["/metrics", "metrics"],
  ["/", "docs"],
  ["/docs", "docs"],
  ["/openapi.json", "docs"],
]);
