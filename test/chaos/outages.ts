/** `npm run chaos:outages [-- --seconds 60] [-- name…]`: one part away under load, and the figures of docs/reliability.md. */
import { parseArgs } from "node:util";
import { type Outage, runOutage } from "./outage.ts";

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    rate: { type: "string", default: "500" },
  },
  allowPositionals: true,
});

const OUTAGES: Readonly<Record<string, Pick<Outage, "part" | "how" | "env">>> = {
  "nats-gone": { part: "nats", how: "gone" },
  "nats-silent": { part: "nats", how: "silent" },
  "outbox-full": {
    part: "nats",
    how: "gone",
    env: { OUTBOX_MAX_BYTES: String(256 * 1024), PUBLISHER_SHARDS: "2" },
  },
  "redis-gone": { part: "redis", how: "gone" },
  "redis-silent": { part: "redis", how: "silent" },
  "redis-slow": { part: "redis", how: "slow" },
  "database-gone": { part: "database", how: "gone" },
  "database-silent": { part: "database", how: "silent" },
  "stream-full": {
    part: "database",
    how: "gone",
    env: { STREAM_MAX_BYTES: String(1024 * 1024) },
  },
  "worker-gone": { part: "worker", how: "gone" },
};

const names = positionals.length > 0 ? positionals : Object.keys(OUTAGES);
for (const name of names) {
  const outage = OUTAGES[name];
  if (outage === undefined) {
    throw new Error(`Cannot run "${name}": there are ${Object.keys(OUTAGES).join(", ")}`);
  }
  const options = { seconds: Number(values.seconds), eventsPerSecond: Number(values.rate) };
  const report = await runOutage({ ...outage, ...options });
  process.stdout.write(`${name}: ${JSON.stringify(report)}\n`);
  if (report.lost + report.duplicated + report.unexpected > 0) process.exitCode = 1;
}
