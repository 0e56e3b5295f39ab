import type { Server } from "node:http";
import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { BatchLimits } from "./batcher.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { type Delivery, decodeDelivery, type StreamMessage } from "./delivery.ts";
import type { WorkerEnv } from "./env.ts";
import { findDeadLetter } from "./find-dead-letter.ts";
import { startHttpServer } from "./http-server.ts";
import { createIntake, type IntakeDeps } from "./intake.ts";
import { runJanitor } from "./janitor.ts";
import { runLiveConsumer } from "./live-consumer.ts";
import type { Logger } from "./logger.ts";
import { connectNats } from "./nats.ts";
import { checkReadiness, type WorkerState } from "./readiness.ts";
import { runReplays } from "./replays.ts";
import { prepareDatabase, prepareStreams, setUp } from "./start-up.ts";
import { runStreamKeeper } from "./stream-keeper.ts";
import { deadStreamWish, eventsStreamWish } from "./streams.ts";
import { settledWithin, untilStopped } from "./time-limit.ts";
import { createAggregates } from "./timescale/aggregates.ts";
import { connectDatabase } from "./timescale/database.ts";
import { createProgress } from "./timescale/progress.ts";
import { createRefresher } from "./timescale/refresher.ts";
import { createTimescaleStore } from "./timescale/timescale-store.ts";

/** Replays take little room, and all of them one connection of their own: live messages wait for none of them. */
const MAX_REPLAY_BYTES = 8 * 1024 * 1024;
const MAX_REPLAY_ROWS = 2_000;

/**
 * Runs the worker until `stop` aborts, then stores what it holds, and releases in reverse order all it acquired.
 * @throws {ConfigMismatchError} {MigrationError} when the stream or the schema is not what this code needs.
 */
export async function runWorker(env: WorkerEnv, logger: Logger, stop: AbortSignal): Promise<void> {
  const releasers: (() => Promise<void>)[] = [];
  try {
    await run(env, logger, stop, (release) => releasers.push(release));
  } finally {
    for (const release of releasers.toReversed()) await settledWithin(2_000, release());
  }
}

async function run(
  env: WorkerEnv,
  logger: Logger,
  stop: AbortSignal,
  defer: (release: () => Promise<void>) => void,
): Promise<void> {
  const state: WorkerState = { isMigrated: false };
  const sql = connectDatabase(env.DATABASE_URL, 6);
  defer(() => sql.end({ timeout: 1 }));
  const server = await startHttpServer({
    host: env.WORKER_HOST,
    port: env.WORKER_PORT,
    token: env.WORKER_TOKEN,
    checkReadiness: () => checkReadiness(sql, state),
    async findDeadLetter(projectId, eventId) {
      if (state.manager === undefined) throw new Error("Cannot find dead letter: not connected");
      return findDeadLetter(state.manager, projectId, eventId);
    },
  });
  defer(() => closeServer(server));
  logger.info({ address: server.address() }, "http server listens");

  const nats = await untilStopped(connectNats(env), stop);
  if (nats === undefined) return;
  defer(() => closeNats(nats));
  state.nats = nats;
  watchNats(nats, logger);
  const streamOptions = {
    maxBytes: env.STREAM_MAX_BYTES,
    maxAgeHours: env.STREAM_MAX_AGE_HOURS,
    replicas: env.STREAM_REPLICAS,
  };
  const capabilities = await setUp(() => prepareDatabase(sql, env, logger), logger, stop);
  state.isMigrated = capabilities !== undefined;
  const manager = await setUp(
    () => prepareStreams(nats, streamOptions, env.ACK_WAIT_MS),
    logger,
    stop,
  );
  if (capabilities === undefined || manager === undefined) return;
  state.manager = manager;

  const openStore = (connections: number) => {
    const { hasCopyFromStdin } = capabilities;
    const store = createTimescaleStore({
      databaseUrl: env.DATABASE_URL,
      connections,
      hasCopyFromStdin,
    });
    defer(() => store.close());
    return store;
  };
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

  const client = jetstream(nats);
  const batchLimits: BatchLimits = {
    maxRows: env.BATCH_MAX_ROWS,
    maxBytes: env.BATCH_MAX_BYTES,
    maxWaitMs: env.BATCH_MAX_WAIT_MS,
    maxWriting: env.WRITE_CONNECTIONS,
  };
  const intakeDeps: IntakeDeps = {
    store: openStore(env.WRITE_CONNECTIONS),
    deadLetters: createDeadLetters(client),
    decode: decodeDelivery,
    onCommitted: (rows) => refresher.note(rows),
    batchLimits,
    maxInFlightBytes: env.MAX_IN_FLIGHT_BYTES,
    ackWaitMs: env.ACK_WAIT_MS,
    logger,
  };
  const intake = createIntake(intakeDeps);

  const background = new AbortController();
  const running = Promise.all([
    refresher.run(background.signal),
    progress.run(background.signal),
    runJanitor(manager, logger, background.signal),
    runStreamKeeper(
      manager,
      [eventsStreamWish(streamOptions), deadStreamWish(streamOptions)],
      logger,
      background.signal,
    ),
  ]);
  const replayStore = openStore(1);
  const replays = runReplays({
    jetstream: client,
    manager,
    createIntake: ({ onCommitted, ...more }) =>
      createIntake({
        ...intakeDeps,
        ...more,
        store: replayStore,
        decode: decodeAsNew,
        batchLimits: {
          ...batchLimits,
          maxRows: Math.min(batchLimits.maxRows, MAX_REPLAY_ROWS),
          maxWriting: 1,
        },
        maxInFlightBytes: MAX_REPLAY_BYTES,
        onCommitted(rows, inserted) {
          intakeDeps.onCommitted(rows, inserted);
          onCommitted(rows, inserted);
        },
      }),
    logger,
    stop,
  });
  logger.info({ worker_id: env.WORKER_ID, ...capabilities }, "worker started");

  const { ACK_WAIT_MS: ackWaitMs } = env;
  const live = { jetstream: client, manager, streamOptions, ackWaitMs, intake, logger, stop };
  await runLiveConsumer(live);

  logger.info({ messages: intake.inFlight.count }, "worker stops");
  await Promise.all([intake.close(), replays]);
  background.abort();
  await settledWithin(1_500, running);
  // Otherwise the claim stays as it is until another worker, or this one's successor, has refreshed what is left.
  if (refresher.oldestInvisibleMs === undefined && refresher.isRepaired) {
    await settledWithin(1_000, progress.withdraw());
  }
  logger.info("worker stopped");
}

/** As if the message had been stored just now: `as_of` would stand still at its old time for as long as a replay goes on. */
function decodeAsNew({ subject, seq, data }: StreamMessage): Delivery {
  return decodeDelivery({ subject, seq, data, time: new Date() });
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
  await settledWithin(1_000, nats.drain());
  await settledWithin(500, nats.close());
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
