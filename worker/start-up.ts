import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { WorkerEnv } from "./env.ts";
import type { Logger } from "./logger.ts";
import { pause } from "./pause.ts";
import { retryDelayMs } from "./retry-delay.ts";
import {
  ConfigMismatchError,
  deadStreamWish,
  ensureConsumer,
  ensureStream,
  eventsStreamWish,
  type StreamOptions,
} from "./streams.ts";
import { type Capabilities, probeCapabilities } from "./timescale/capabilities.ts";
import type { Sql } from "./timescale/database.ts";
import { kindOfDatabaseError } from "./timescale/database-error.ts";
import { MigrationError, migrate } from "./timescale/migrate.ts";

/** Tries until it works or the worker stops, undefined then; what no waiting will mend is thrown. */
export async function setUp<T>(
  action: () => Promise<T>,
  logger: Logger,
  stop: AbortSignal,
): Promise<T | undefined> {
  for (let attempt = 0; !stop.aborted; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      if (isPermanent(error)) throw error;
      const delayMs = retryDelayMs(attempt, Math.random());
      logger.warn({ err: error, attempt, delayMs }, "start-up step failed, retrying");
      await pause(delayMs, stop);
    }
  }
  return undefined;
}

function isPermanent(error: unknown): boolean {
  if (error instanceof ConfigMismatchError) return true;
  return error instanceof MigrationError && kindOfDatabaseError(error.cause) !== "retryable";
}

export async function prepareDatabase(
  sql: Sql,
  env: WorkerEnv,
  logger: Logger,
): Promise<Capabilities> {
  const capabilities = await probeCapabilities(sql);
  await migrate(sql, capabilities.edition, { chunkIntervalDays: env.CHUNK_INTERVAL_DAYS, logger });
  return capabilities;
}

export async function prepareStreams(
  nats: NatsConnection,
  options: StreamOptions,
  ackWaitMs: number,
): Promise<JetStreamManager> {
  const manager = await jetstreamManager(nats, { timeout: 5_000 });
  await ensureStream(manager, eventsStreamWish(options));
  await ensureStream(manager, deadStreamWish(options));
  await ensureConsumer(manager, ackWaitMs);
  return manager;
}
