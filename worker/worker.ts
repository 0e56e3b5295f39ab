import type { Server } from "node:http";
import { type JetStreamManager, type JsMsg, jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { EVENTS_STREAM, STORE_CONSUMER } from "../contract/stream.ts";
import { createAggregates } from "./aggregates.ts";
import { createBatcher } from "./batcher.ts";
import { type Capabilities, probeCapabilities } from "./capabilities.ts";
import { runConsumer } from "./consumer.ts";
import { connectDatabase, type Sql } from "./database.ts";
import { kindOfDatabaseError } from "./database-error.ts";
import { createDeadLetters, type DeadLetters, toPayload } from "./dead-letters.ts";
import { type Delivery, decodeDelivery } from "./delivery.ts";
import type { WorkerEnv } from "./env.ts";
import { type Readiness, startHealthServer } from "./health.ts";
import { createInFlight, type InFlight } from "./in-flight.ts";
import { runJanitor } from "./janitor.ts";
import type { Logger } from "./logger.ts";
import { MigrationError, migrate } from "./migrate.ts";
import { connectNats } from "./nats.ts";
import { pause } from "./pause.ts";
import { createProgress } from "./progress.ts";
import { createRefresher } from "./refresher.ts";
import { retryDelayMs } from "./retry-delay.ts";
import {
  ConfigMismatchError,
  deadStreamWish,
  ensureConsumer,
  ensureStream,
  eventsStreamWish,
} from "./streams.ts";
import { createTimescaleStore } from "./timescale-store.ts";
import { createWriter } from "./writer.ts";

/** How long a batch may take after the stop before it goes back to the stream. */
const DRAIN_MS = 4_000;
const DEAD_LETTER_RETRY_MS = 5_000;

/**
 * Runs the worker until `stop` aborts, then stores what it holds, and releases in reverse order all it acquired.
 * @throws {ConfigMismatchError} {MigrationError} when the stream or the schema is not what this code needs.
 */
export async function runWorker(env: WorkerEnv, logger: Logger, stop: AbortSignal): Promise<void> {
  const releasers: (() => Promise<void>)[] = [];
  try {
    await run(env, logger, stop, (release) => releasers.push(release));
  } finally {
    for (const release of releasers.toReversed()) await within(2_000, release());
  }
}

async function run(
  env: WorkerEnv,
  logger: Logger,
  stop: AbortSignal,
  defer: (release: () => Promise<void>) => void,
): Promise<void> {
  const state: { nats?: NatsConnection; manager?: JetStreamManager; isMigrated: boolean } = {
    isMigrated: false,
  };
  const sql = connectDatabase(env.DATABASE_URL, 6);
  defer(() => sql.end({ timeout: 1 }));
  const health = await startHealthServer({
    host: env.WORKER_HOST,
    port: env.WORKER_PORT,
    checkReadiness: () => checkReadiness(sql, state),
  });
  defer(() => closeServer(health));
  logger.info({ address: health.address() }, "health server listens");

  const nats = await untilStopped(connectNats(env), stop);
  if (nats === undefined) return;
  defer(() => closeNats(nats));
  state.nats = nats;
  watchNats(nats, logger);
  const capabilities = await setUp(() => prepareDatabase(sql, env, logger), logger, stop);
  state.isMigrated = capabilities !== undefined;
  const manager = await setUp(() => prepareStreams(nats, env), logger, stop);
  if (capabilities === undefined || manager === undefined) return;
  state.manager = manager;

  const store = createTimescaleStore({
    databaseUrl: env.DATABASE_URL,
    connections: env.WRITE_CONNECTIONS,
    hasCopyFromStdin: capabilities.hasCopyFromStdin,
  });
  defer(() => store.close());
  const aggregates = createAggregates({
    hourlyMs: env.HOURLY_REFRESH_MS,
    userDaysMs: env.USER_DAYS_REFRESH_MS,
  });
  const refresher = createRefresher({
    sql,
    aggregates: capabilities.edition === "community" ? aggregates : [],
    repairEveryMs: env.FULL_REFRESH_MS,
    onRepaired: (beganAt) => progress.forgetSilent(beganAt),
    logger,
  });
  const progress = createProgress({
    sql,
    manager,
    workerId: env.WORKER_ID,
    oldestInvisibleMs: () => refresher.oldestInvisibleMs,
    isRepaired: () => refresher.isRepaired,
    onSilentWorker: () => refresher.requestRepair(),
    logger,
  });
  const isStarted = await setUp(() => progress.start().then(() => true), logger, stop);
  if (isStarted === undefined) return;

  const giveUp = new AbortController();
  const inFlight = createInFlight(env.MAX_IN_FLIGHT_BYTES);
  const deadLetters = createDeadLetters(jetstream(nats));
  const write = createWriter({
    store,
    deadLetters,
    inFlight,
    onCommitted: (rows) => refresher.note(rows),
    logger,
    giveUp: giveUp.signal,
    delay: pause,
  });
  const batcher = createBatcher(
    {
      maxRows: env.BATCH_MAX_ROWS,
      maxBytes: env.BATCH_MAX_BYTES,
      maxWaitMs: env.BATCH_MAX_WAIT_MS,
      maxWriting: env.WRITE_CONNECTIONS,
    },
    write,
    systemClock,
  );
  const onMessage = createMessageHandler(inFlight, deadLetters, batcher.add, logger);

  const extension = setInterval(() => inFlight.extend(), env.ACK_WAIT_MS / 3);
  const background = new AbortController();
  const running = Promise.all([
    refresher.run(background.signal),
    progress.run(background.signal),
    runJanitor(manager, logger, background.signal),
  ]);
  logger.info({ worker_id: env.WORKER_ID, ...capabilities }, "worker started");

  await runConsumer({
    jetstream: jetstream(nats),
    manager,
    inFlight,
    maxInFlightBytes: env.MAX_IN_FLIGHT_BYTES,
    ackWaitMs: env.ACK_WAIT_MS,
    onMessage,
    logger,
    stop,
  });

  logger.info({ messages: inFlight.count }, "worker stops");
  const deadline = setTimeout(() => giveUp.abort(), DRAIN_MS);
  await batcher.drain();
  clearTimeout(deadline);
  giveUp.abort();
  inFlight.nakAll();
  clearInterval(extension);
  background.abort();
  await within(1_500, running);
  // Otherwise the claim stays as it is until another worker, or this one's successor, has refreshed what is left.
  if (refresher.oldestInvisibleMs === undefined && refresher.isRepaired) {
    await within(1_000, progress.withdraw());
  }
  logger.info("worker stopped");
}

const systemClock = {
  now: () => performance.now(),
  after(delayMs: number, callback: () => void) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Decodes each message into the batcher. What cannot be decoded goes to the dead letters whole. */
function createMessageHandler(
  inFlight: InFlight,
  deadLetters: DeadLetters,
  add: (delivery: Delivery) => void,
  logger: Logger,
): (message: JsMsg) => void {
  return (message) => {
    if (!inFlight.add(message)) return;
    try {
      add(decodeDelivery(message));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const { seq, subject, data } = message;
      const letter = {
        reason,
        stream_sequence: seq,
        subject,
        failed_at: new Date().toISOString(),
        ...toPayload(data),
      };
      deadLetters.publish([letter]).then(
        () => {
          logger.warn({ sequence: seq, subject, reason }, "message dead-lettered");
          inFlight.term(seq, "");
        },
        (cause) => {
          logger.error({ err: cause, sequence: seq }, "dead letter not published");
          inFlight.nak(seq, DEAD_LETTER_RETRY_MS);
        },
      );
    }
  };
}

async function prepareDatabase(sql: Sql, env: WorkerEnv, logger: Logger): Promise<Capabilities> {
  const capabilities = await probeCapabilities(sql);
  await migrate(sql, capabilities.edition, { chunkIntervalDays: env.CHUNK_INTERVAL_DAYS, logger });
  return capabilities;
}

async function prepareStreams(nats: NatsConnection, env: WorkerEnv): Promise<JetStreamManager> {
  const manager = await jetstreamManager(nats, { timeout: 5_000 });
  const options = {
    maxBytes: env.STREAM_MAX_BYTES,
    maxAgeHours: env.STREAM_MAX_AGE_HOURS,
    replicas: env.STREAM_REPLICAS,
  };
  await ensureStream(manager, eventsStreamWish(options));
  await ensureStream(manager, deadStreamWish(options));
  await ensureConsumer(manager, env.ACK_WAIT_MS);
  return manager;
}

/** Tries until it works or the worker stops; what no waiting will mend is thrown. */
async function setUp<T>(
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

async function checkReadiness(
  sql: Sql,
  state: { nats?: NatsConnection; manager?: JetStreamManager; isMigrated: boolean },
): Promise<Readiness> {
  const { nats, manager, isMigrated } = state;
  const [database, consumer] = await Promise.all([
    checkPart(async () => {
      const [row] = await sql<{ one: number }[]>`select 1 as one`;
      return { ok: row?.one === 1 };
    }),
    checkPart(async () => {
      if (manager === undefined) return { ok: false };
      const info = await manager.consumers.info(EVENTS_STREAM, STORE_CONSUMER);
      return { ok: true, lag: info.num_pending, unacknowledged: info.num_ack_pending };
    }),
  ]);
  return {
    nats: { ok: nats !== undefined && !nats.isClosed() && consumer.ok },
    database,
    migrations: { ok: isMigrated },
    consumer,
  };
}

async function checkPart(check: () => Promise<Readiness[string]>): Promise<Readiness[string]> {
  try {
    const part = await Promise.race([check(), timeOut(2_000)]);
    return part ?? { ok: false, error: "no answer in time" };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

async function timeOut(ms: number): Promise<undefined> {
  await pause(ms, new AbortController().signal);
  return undefined;
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work.catch(() => {}), timeOut(ms)]);
}

async function untilStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  const stopped = new Promise<undefined>((resolve) => {
    if (stop.aborted) resolve(undefined);
    stop.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  return Promise.race([work, stopped]);
}

function watchNats(nats: NatsConnection, logger: Logger): void {
  const log = async () => {
    for await (const status of nats.status()) {
      if (status.type === "disconnect") logger.warn("NATS disconnected");
      if (status.type === "reconnect") logger.info("NATS reconnected");
      if (status.type === "error") logger.warn({ err: status.error }, "NATS reported an error");
    }
  };
  log().catch((error) => logger.warn({ err: error }, "NATS status ended"));
}

/** Sends the last acknowledgements. */
async function closeNats(nats: NatsConnection): Promise<void> {
  await within(1_000, nats.drain());
  await within(500, nats.close());
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
