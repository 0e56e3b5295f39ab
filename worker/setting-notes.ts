import type { SettingNote } from "../contract/setting-note.ts";
import { traceSettingNotes } from "../contract/trace/trace-setting-notes.ts";

/** What each setting of the worker is for, for docs/settings.md. */
export const WORKER_SETTING_NOTES: Readonly<Record<string, SettingNote>> = {
  STORE:
    "Where events are stored: `timescale` (PostgreSQL with or without TimescaleDB), `duckdb`, `clickhouse`",
  DATABASE_URL: "`postgres://…` of the database; role `sluice_worker`, or one that owns the tables",
  DATABASE_OWNER_URL: {
    note: "Of a role that owns the tables, where that of `DATABASE_URL` does not: migrations, indexes, refreshes, archiving, erasing",
    byDefault: "`DATABASE_URL`",
  },
  ENVIRONMENT:
    "`development` or `production`, which refuses development secrets, short tokens and NATS without a password",
  NATS_URL: "`nats://` or `tls://`, several servers separated by commas",
  NATS_USER: "User in NATS: `worker` of `deploy/nats-accounts.conf`",
  NATS_PASSWORD: "Password of that user; `production` needs it, or `NATS_CREDS`",
  NATS_CREDS:
    "In place of both: the content of a `.creds` file, as [Synadia Cloud](deploy.md#synadia-cloud) gives it",
  WORKER_HOST: "Address on which the worker's HTTP listens; `0.0.0.0` in a container",
  WORKER_PORT: "Its port; 0 takes any free one",
  WORKER_TOKEN:
    "What the edge and the command line send to ask the worker; at least 16 characters, 32 in production. Without it there is health only",
  METRICS_TOKEN:
    "Reads `GET /metrics`, as `WORKER_TOKEN` does, and nothing else; at least 16 characters, 32 in production",
  WORKER_ID: {
    note: "Names this worker's row of `pipeline_progress`: no two workers that run at once share one",
    byDefault: "host and port",
  },
  ACCESS_LOG: "`true` [logs](operations.md#logs) a line for each request",
  LOG_LEVEL: "`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`",
  BATCH_MAX_ROWS: "A batch is written when it has so many rows",
  BATCH_MAX_BYTES: "… or so many bytes",
  BATCH_MAX_WAIT_MS: "… or its first event has waited so long",
  WRITE_CONNECTIONS: "Batches written at once",
  MAX_IN_FLIGHT_BYTES: "Bound of the messages fetched and not yet committed, in memory",
  ACK_WAIT_MS: "So long a crash delays the messages that the worker held",
  STREAM_MAX_BYTES:
    "Size of the stream `EVENTS`; when it is full of unread messages the edge's outbox fills",
  STREAM_MAX_AGE_HOURS:
    "So long the stream keeps messages after they are stored, for `sluice replay`",
  STREAM_REPLICAS: "Of the streams: 3 in a cluster of NATS servers",
  SCRATCH_DIR: {
    note: "Exports in Parquet, files of the cold tier on their way, copies of remote ones (at most 4 GiB)",
    byDefault: "`<tmp>/sluice`",
  },
  COLD_URL:
    "Where events older than `HOT_DAYS` go as Parquet: `file:///folder` (the same for all workers) or `s3://bucket/prefix`. Without it everything stays in the database. For good: see [cold tier](cold-tier.md)",
  COLD_S3_ENDPOINT: {
    note: "Such as `https://<account>.r2.cloudflarestorage.com`",
    byDefault: "Amazon's of the region",
  },
  COLD_S3_REGION: "Region of the bucket",
  COLD_S3_ACCESS_KEY_ID: "Of a key that reads, writes, deletes and lists below the prefix",
  COLD_S3_SECRET_ACCESS_KEY: "The key's secret half",
  HOT_DAYS: "Days that stay in the database",
  ARCHIVE_EVERY_MS: "How often a worker looks for days to move; one worker moves at a time",
  CHUNK_INTERVAL_DAYS: "Days in a chunk of the hypertable; set it before the first start",
  HOURLY_REFRESH_MS: "Rhythm in which the newest part of `events_hourly` is refreshed",
  USER_DAYS_REFRESH_MS: "Rhythm in which the newest part of `user_days` is refreshed",
  FULL_REFRESH_MS: "Rhythm in which both are refreshed wherever late events came in",
  HOT_PROPERTIES: {
    note: "Properties with an index of their own, `project.key,project.key`; see [engines](engines.md)",
    byDefault: "none",
  },
  PROPERTIES_INDEX: "`true` makes a GIN index on all properties; the edge needs the same",
  USER_INDEX: "`true` makes an index for users' timelines",
  DUCKDB_PATH: "The database's file, on a disk of this machine",
  DUCKDB_MEMORY_LIMIT: { note: "Such as `2GB`", byDefault: "80 % of the machine's" },
  DUCKDB_THREADS: { note: "Threads of DuckDB", byDefault: "the machine's processors" },
  CLICKHOUSE_URL: "`http://` or `https://` of the server",
  CLICKHOUSE_USER: "User in ClickHouse",
  CLICKHOUSE_PASSWORD: { note: "Password of that user", byDefault: "" },
  CLICKHOUSE_DATABASE: "Database; it is created if it is missing",
  CLICKHOUSE_CLUSTER:
    "Name of a cluster: tables are then replicated and distributed, see [engines](engines.md)",
  ...traceSettingNotes("worker"),
};
