import { expect, it } from "vitest";
import { runOutage } from "../chaos/outage.ts";

/** A few seconds of what `npm run chaos:outages` does for a minute each. */
const SECONDS = 5;
/** What has piled up is stored by the embedded database in its own time. */
const TIMEOUT_MS = 300_000;

it(
  "an outbox that fills up while NATS is gone answers 503, and nothing is lost",
  async () => {
    const report = await runOutage({
      part: "nats",
      how: "gone",
      seconds: SECONDS,
      eventsPerSecond: 300,
      env: { OUTBOX_MAX_BYTES: String(64 * 1024), PUBLISHER_SHARDS: "2" },
    });
    expect(report).toMatchObject({ lost: 0, duplicated: 0, unexpected: 0 });
    expect(Object.keys(report.answersDuring).sort()).toEqual(["202", "503"]);
  },
  TIMEOUT_MS,
);

it(
  "a stream that fills up while the database is gone answers 503, recovers by itself, and nothing is lost",
  async () => {
    const report = await runOutage({
      part: "database",
      how: "gone",
      seconds: SECONDS,
      eventsPerSecond: 1_500,
      env: { STREAM_MAX_BYTES: String(1024 * 1024) },
    });
    expect(report).toMatchObject({ lost: 0, duplicated: 0, unexpected: 0 });
    expect(Object.keys(report.answersDuring).sort()).toEqual(["202", "503"]);
  },
  TIMEOUT_MS,
);
