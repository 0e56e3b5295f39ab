import type { Server } from "node:http";
import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { deadStreamWish, eventsStreamWish } from "../contract/stream-wish.ts";
import { toTraceSettings } from "../contract/trace/trace-settings.ts";
import type { BatchLimits } from "./batcher.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { type Delivery, decodeDelivery, type StreamMessage } from "./delivery.ts";
import type { WorkerEnv } from "./env.ts";
import { removeLeftovers } from "./export/scratch-folder.ts";
import { findDeadLetter } from "./find-dead-letter.ts";
import { startHttpServer } from "./http/server.ts";
import { createIntake, type IntakeDeps } from "./intake.ts";
import { runJanitor } from "./janitor.ts";
import { listDeadLetters } from "./list-dead-letters.ts";
import { runLiveConsumer } from "./live-consumer.ts";
import type { Logger } from "./logger.ts";
import { createProcessMetrics } from "./metrics/process-metrics.ts";
import { createCollector, createWorkerMetrics } from "./metrics/worker-metrics.ts";
import { connectNats, failWhenRefused } from "./nats.ts";
import { openEngine } from "./open-engine.ts";
import { checkReadiness, type WorkerState } from "./readiness.ts";
import { removeDeadLetters } from "./remove-dead-letters.ts";
import { runReplays } from "./replays.ts";
import { prepareStreams, setUp } from "./start-up.ts";
import { runStreamKeeper } from "./stream-keeper.ts";
import { settledWithin, untilStopped } from "./time-limit.ts";
import { createIntakeTrace } from "./trace/intake-trace.ts";
import { createTracing } from "./trace/tracing.ts";

/** Replays take little room, and all of them one connection of their own: live messages wait for none of them. */
const MAX_REPLAY_BYTES = 8 * 1024 * 1024;
const MAX_REPLAY_ROWS = 2_000;

/**
 * Runs the worker until `stop` aborts, then stores what it holds, and releases in reverse order all it acquired.
 * @throws when the stream or the schema is not what this code needs.
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
  // What cannot be removed now will be by a later life, and costs no more than its place.
  await removeLeftovers(env.SCRATCH_DIR).catch(() => {});
  const traceSettings = toTraceSettings(env, "sluice-worker");
  const tracing = traceSettings && createTracing(traceSettings, env.WORKER_ID, logger);
  if (tracing !== undefined) defer(() => tracing.close());
  const tracer = tracing?.tracer;
  const metrics = createWorkerMetrics(Date.now);
  const processMetrics = createProcessMetrics();
  defer(async () => processMetrics.close());
  const engine = await openEngine(env, logger, metrics.store);
  defer(() => engine.close());
  const server = await startHttpServer({
    host: env.WORKER_HOST,
    port: env.WORKER_PORT,
    token: env.WORKER_TOKEN,
    logger,
    tracer,
    isAccessLogged: env.ACCESS_LOG,
    engine,
    scratchDir: env.SCRATCH_DIR,
    archive: engine.archive,
    checkReadiness: () => checkReadiness(engine, state),
    metrics: metrics.http,
    metricsToken: env.METRICS_TOKEN,
    collectMetrics: createCollector({
      metrics,
      process: processMetrics,
      checkReadiness: () => checkReadiness(engine, state),
      engine,
      manager: () => state.manager,
      held: () => state.held,
      now: Date.now,
    }),
    async findDeadLetter(projectId, eventId) {
      if (state.manager === undefined) throw new Error("Cannot find dead letter: not connected");
      return findDeadLetter(state.manager, projectId, eventId);
    },
    async listDeadLetters(projectId, request) {
      if (state.manager === undefined) throw new Error("Cannot list dead letters: not connected");
      return listDeadLetters(state.manager, projectId, request);
    },
    async removeDeadLetters(projectId, userId) {
      if (state.manager === undefined) throw new Error("Cannot remove dead letters: not connected");
      return removeDeadLetters(state.manager, projectId, userId);
    },
  });
  defer(() => closeServer(server));
  logger.info({ address: server.address() }, "http server listens");

  const nats = await untilStopped(connectNats(env), stop);
  if (nats === undefined) return;
  defer(() => closeNats(nats));
  state.nats = nats;
  watchNats(nats, logger);
  // Nobody waits for it: its rejection ends the process.
  void failWhenRefused(nats);
  const streamOptions = {
    maxBytes: env.STREAM_MAX_BYTES,
    maxAgeHours: env.STREAM_MAX_AGE_HOURS,
    replicas: env.STREAM_REPLICAS,
  };
  const setUpOptions = { logger, stop, isPermanent: engine.isPermanent };
  const isPrepared = await setUp(() => engine.prepare().then(() => true), setUpOptions);
  state.isMigrated = isPrepared === true;
  const manager = await setUp(
    () => prepareStreams(nats, streamOptions, env.ACK_WAIT_MS),
    setUpOptions,
  );
  if (isPrepared === undefined || manager === undefined) return;
  state.manager = manager;
  const isStarted = await setUp(() => engine.start(manager).then(() => true), setUpOptions);
  if (isStarted === undefined) return;

  const client = jetstream(nats);
  const batchLimits: BatchLimits = {
    maxRows: env.BATCH_MAX_ROWS,
    maxBytes: env.BATCH_MAX_BYTES,
    maxWaitMs: env.BATCH_MAX_WAIT_MS,
    maxWriting: env.WRITE_CONNECTIONS,
  };
  const intakeDeps: IntakeDeps = {
    store: engine.openWriter(env.WRITE_CONNECTIONS),
    kindOf: engine.kindOf,
    deadLetters: createDeadLetters(client, engine.findErased),
    decode: decodeDelivery,
    batchLimits,
    maxInFlightBytes: env.MAX_IN_FLIGHT_BYTES,
    ackWaitMs: env.ACK_WAIT_MS,
    meter: metrics.intake.live,
    trace: tracer && createIntakeTrace(tracer, "live"),
    logger,
  };
  const intake = createIntake(intakeDeps);
  state.held = intake.inFlight;

  const background = new AbortController();
  const running = Promise.all([
    engine.run(background.signal),
    runJanitor(manager, logger, background.signal),
    runStreamKeeper(
      manager,
      [eventsStreamWish(streamOptions), deadStreamWish(streamOptions)],
      logger,
      background.signal,
    ),
  ]);
  const replayStore = engine.openWriter(1);
  const replays = runReplays({
    jetstream: client,
    manager,
    createIntake: (more) =>
      createIntake({
        ...intakeDeps,
        ...more,
        meter: metrics.intake.replay,
        trace: tracer && createIntakeTrace(tracer, "replay"),
        store: replayStore,
        decode: decodeAsNew,
        batchLimits: {
          ...batchLimits,
          maxRows: Math.min(batchLimits.maxRows, MAX_REPLAY_ROWS),
          maxWriting: 1,
        },
        maxInFlightBytes: MAX_REPLAY_BYTES,
      }),
    logger,
    stop,
  });
  logger.info(
    { worker_id: env.WORKER_ID, store: engine.name, ...engine.describe() },
    "worker started",
  );

  const { ACK_WAIT_MS: ackWaitMs } = env;
  const live = { jetstream: client, manager, streamOptions, ackWaitMs, intake, logger, stop };
  await runLiveConsumer(live);

  logger.info({ messages: intake.inFlight.count }, "worker stops");
  await Promise.all([intake.close(), replays]);
  background.abort();
  await settledWithin(1_500, running);
  await engine.finish();
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
