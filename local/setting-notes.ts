import type { SettingNote } from "../contract/setting-note.ts";

/** What each variable of `npm start` is for, for docs/settings.md; local/start.ts tells the same shorter. */
export const LOCAL_SETTING_NOTES: Readonly<Record<string, SettingNote>> = {
  DATA_DIR: {
    note: "Where everything is kept: data, logs, secrets, `local.json`",
    byDefault: "`.data`",
  },
  PORT: { note: "Port of the edge", byDefault: "`8787`" },
  WORKER_PORT: port("the worker"),
  DATABASE_PORT: port("the embedded TimescaleDB"),
  REDIS_PORT: port("Redis"),
  NATS_PORT: port("NATS"),
  NATS_WEBSOCKET_PORT: port("NATS' WebSocket"),
  UPSTASH_PORT: port("the stand-in for Upstash"),
  NEON_PORT: port("the stand-in for Neon"),
  COLD_URL: { note: "As for the worker; of `--store timescale` only", byDefault: "" },
  CLICKHOUSE_URL: {
    note: "A ClickHouse server of your own, for `--store clickhouse`",
    byDefault: "",
  },
  LOCAL_GATES: {
    note: 'Coarse gates with limits of your own, `{"PROJECT_GATE":100}`; they cost milliseconds a request here',
    byDefault: "none",
  },
};

function port(part: string): SettingNote {
  return { note: `Port of ${part}`, byDefault: "a free one, kept over restarts" };
}
