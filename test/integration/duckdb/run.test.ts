import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { connectNats } from "../../../worker/nats.ts";
import { prepareStreams } from "../../../worker/start-up.ts";
import { toRows } from "../../support/naive-rows.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { openDuckDbEngine } from "./open-engine.ts";

const STREAMS = { maxBytes: 16 * 1024 * 1024, maxAgeHours: 1, replicas: 1 };
const NEVER = new AbortController().signal;

let nats: NatsService;
let connection: NatsConnection;

beforeAll(async () => {
  nats = await startNats();
  const { user, password } = nats.tester;
  connection = await connectNats({
    NATS_URL: [nats.url],
    NATS_USER: user,
    NATS_PASSWORD: password,
  });
});
afterAll(async () => {
  await connection?.close();
  await nats?.stop();
});

it("run() reports how fresh answers are, and merges many parts while batches are written", {
  timeout: 60_000,
}, async () => {
  const merged: string[] = [];
  const logger = pino(
    { level: "debug" },
    {
      write(line: string) {
        const { msg, rollup } = JSON.parse(line);
        if (msg === "rollup merged") merged.push(rollup);
      },
    },
  );
  const { engine, close } = await openDuckDbEngine({ logger });
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  try {
    await prepareStreams(connection, STREAMS, 60_000);
    await engine.start(await jetstreamManager(connection));
    running = engine.run(stop.signal);
    const range = { from: "2024-01-01", to: "2024-02-01" };
    const query = statsQuerySchema.parse({ kind: "top_events", ...range });
    const read = () => engine.reader.readStats("p", query, NEVER);
    await poll("a time", async () => (await read()).asOf);

    const writer = engine.openWriter(1);
    let written = 0;
    for (let batch = 0; batch < 12; batch += 1) {
      const events = Array.from({ length: 10_000 }, (_, index) => ({
        occurredAtMs: Date.UTC(2024, 0, 1 + (index % 28)),
        eventType: "a",
        userId: `user ${batch} ${index}`,
      }));
      written += (await writer.write(toRows("p", events))).inserted;
      const { rows } = await read();
      expect(rows).toEqual([{ event_type: "a", events: written, users: written }]);
    }
    await poll("the users' days merged", () => merged.includes("user_days"));
    expect((await read()).rows).toEqual([{ event_type: "a", events: written, users: written }]);
  } finally {
    stop.abort();
    await running;
    await close();
  }
});
