import { expect, it } from "vitest";
import { routeFamilyOf } from "../../../../edge/metrics/route-family.ts";

it.each([
  ["POST", "/v1/events", "ingest"],
  ["OPTIONS", "/v1/events", "ingest"],
  ["GET", "/v1/events", "event_pages"],
  ["GET", "/v1/events/7d444840-9dc0-11d1-b245-5ffdce74fad2", "receipts"],
  ["GET", "/v1/users/a/events", "event_pages"],
  ["DELETE", "/v1/users/a", "erasure"],
  ["GET", "/v1/stats/active-users", "stats"],
  ["GET", "/v1/stats/no-such", "stats"],
  ["POST", "/v1/query", "query"],
  ["GET", "/v1/export", "export"],
  ["GET", "/v1/dead-letters", "dead_letters"],
  ["GET", "/v1/dead-letters/7d444840-9dc0-11d1-b245-5ffdce74fad2", "dead_letters"],
  ["GET", "/healthz", "health"],
  ["GET", "/readyz", "health"],
  ["GET", "/metrics", "metrics"],
  ["GET", "/docs", "docs"],
  ["GET", "/openapi.json", "docs"],
  ["GET", "/", "docs"],
  ["GET", "/v1", "other"],
  ["GET", "/v1/", "other"],
  ["GET", "/wp-login.php", "other"],
  ["GET", "/__proto__", "other"],
])("routeFamilyOf(%s %s) is %s", (method, path, family) => {
  expect(routeFamilyOf(method, path)).toBe(family);
});
