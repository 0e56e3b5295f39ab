import type { SettingNote } from "../contract/setting-note.ts";
import { traceSettingNotes } from "../contract/trace/trace-setting-notes.ts";

/** What each setting of the edge is for, for docs/settings.md. No part of what is deployed. */
export const EDGE_SETTING_NOTES: Readonly<Record<string, SettingNote>> = {
  ENVIRONMENT: {
    note: "`development` or `production`, which refuses development secrets, short tokens, NATS without a password and addresses without TLS",
    byDefault: "`development`; `wrangler.toml` sets `production`",
  },
  KEY_SECRET: "What signs keys: at least 32 characters. Whoever has it can make any key",
  KEY_SECRET_PREVIOUS:
    "The one before, while a [rotation](operations.md#rotating-the-secret) lasts",
  REVOCATION_MAX_AGE_SECONDS:
    "A revocation is in force everywhere after so many seconds; 60 at most",
  UPSTASH_REDIS_REST_URL: "Redis by Upstash's REST protocol",
  UPSTASH_REDIS_REST_TOKEN: "Its token",
  REDIS_TIMEOUT_MS: "So long the edge waits for Redis, then goes on without it",
  NATS_URL: "`wss://…`, several servers separated by commas",
  NATS_USER: "User in NATS: `edge` of `deploy/nats-accounts.conf`",
  NATS_PASSWORD: "Password of that user; `production` needs it, or `NATS_CREDS`",
  NATS_CREDS:
    "In place of both: the content of a `.creds` file, as [Synadia Cloud](deploy.md#synadia-cloud) gives it",
  PUBLISHER_SHARDS: "Publishers in each region; each has one connection to NATS and one outbox",
  OUTBOX_MAX_BYTES:
    "What each publisher keeps while NATS is away; when it is full the answer is 503",
  WORKER_URL:
    "The worker's HTTP: exports, erasures, the cold tier, receipts of dead letters, and everything where there is no `DATABASE_URL`",
  WORKER_TOKEN: "The worker's `WORKER_TOKEN`; needed with `WORKER_URL`",
  METRICS_TOKEN:
    "Reads `GET /metrics`; at least 16 characters, 32 in production. Without it there is no such route",
  DATABASE_URL:
    "Of a database that speaks Neon's HTTP protocol, role `sluice_edge`: hot statistics are read without the worker. Needed where there is no `WORKER_URL`",
  NEON_FETCH_ENDPOINT: {
    note: "Where to send what is for the database: a proxy that speaks Neon's protocol",
    byDefault: "Neon's own, from the host of `DATABASE_URL`",
  },
  PROPERTIES_INDEX: "As for the worker, which makes the index",
  ACCESS_LOG: "`true` [logs](operations.md#logs) a line for each request",
  MAX_EVENT_AGE_DAYS: "Older events are rejected",
  RATE_LIMIT_EVENTS_PER_SECOND: "Events of a project, for ever",
  RATE_LIMIT_BURST_EVENTS: "… and at once after a pause; at least 5000, a full request",
  RATE_LIMIT_REQUESTS_PER_SECOND: "Requests of a project that post events, for ever",
  RATE_LIMIT_BURST_REQUESTS: "… and at once after a pause",
  RATE_LIMIT_QUERY_UNITS_PER_SECOND:
    "[Query units](http-api.md#query-units) of a project, for ever",
  RATE_LIMIT_BURST_QUERY_UNITS: "… and at once after a pause; at least 40, the dearest question",
  QUOTA_EVENTS_PER_DAY: {
    note: "Events of a project in a UTC day; at least 5000",
    byDefault: "no quota",
  },
  QUOTA_REQUESTS_PER_DAY: { note: "Requests of a project in a UTC day", byDefault: "no quota" },
  MAX_CONCURRENT_QUERIES: "Questions of a project at the store at once, of each isolate",
  PROJECT_LIMITS: "[Limits](operations.md#limits) of single projects over those of all, as JSON",
  ...traceSettingNotes("edge"),
};

/** Those that `wrangler secret put` sets. */
export const EDGE_SECRETS: readonly string[] = [
  "KEY_SECRET",
  "KEY_SECRET_PREVIOUS",
  "UPSTASH_REDIS_REST_TOKEN",
  "NATS_PASSWORD",
  "NATS_CREDS",
  "WORKER_TOKEN",
  "METRICS_TOKEN",
  "DATABASE_URL",
  "OTEL_EXPORTER_OTLP_HEADERS",
];
