import type { SettingNote } from "../contract/setting-note.ts";

const local = "of `DATA_DIR/local.json`";

/** What each variable of the command `sluice` is for, for docs/settings.md. Options go before variables. */
export const CLI_SETTING_NOTES: Readonly<Record<string, SettingNote>> = {
  DATA_DIR: { note: "The local stack's folder, for what is not set", byDefault: "`.data`" },
  SLUICE_URL: { note: "The edge", byDefault: local },
  SLUICE_KEY: { note: "A key: write, read or admin, as the command needs it", byDefault: local },
  WORKER_URL: { note: "The worker, for `archive` and `doctor`", byDefault: local },
  WORKER_TOKEN: { note: "The worker's token", byDefault: "the local stack's" },
  METRICS_TOKEN: { note: "For `doctor` and `status`", byDefault: "" },
  NATS_URL: { note: "NATS, for `dead`, `replay` and `doctor`", byDefault: local },
  NATS_USER: { note: "User in NATS: `operator`", byDefault: "" },
  NATS_PASSWORD: { note: "Password of that user", byDefault: "" },
  NATS_CREDS: { note: "In place of both: the content of a `.creds` file", byDefault: "" },
  KEY_SECRET: {
    note: "The edge's, for `keys`; as soon as it or Redis is set, nothing is taken from the local stack",
    byDefault: "the local stack's",
  },
  KEY_SECRET_PREVIOUS: { note: "The one before, while a rotation lasts", byDefault: "" },
  UPSTASH_REDIS_REST_URL: {
    note: "The edge's Redis, for `keys` and `doctor`",
    byDefault: "the local stack's",
  },
  UPSTASH_REDIS_REST_TOKEN: { note: "Its token", byDefault: "the local stack's" },
  DATABASE_URL: { note: "The database, for `doctor`", byDefault: "the local stack's" },
  NEON_FETCH_ENDPOINT: { note: "As for the edge, for `doctor`", byDefault: "" },
  CLICKHOUSE_URL: { note: "ClickHouse, for `doctor`", byDefault: "" },
  CLICKHOUSE_USER: { note: "User in ClickHouse", byDefault: "" },
  CLICKHOUSE_PASSWORD: { note: "Password of that user", byDefault: "" },
  NO_COLOR: { note: "If it is not empty, no colours", byDefault: "" },
};
