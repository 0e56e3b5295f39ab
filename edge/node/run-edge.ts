import { join } from "node:path";
import { createApp } from "../app.ts";
import { createDeps } from "../deps.ts";
import { createKeptRevocations } from "../keys/kept-revocations.ts";
import type { Logger } from "../logger.ts";
import { createNatsPublisher } from "../publish/nats-publisher.ts";
import { NATS_WEBSOCKET } from "../publish/nats-websocket.ts";
import { createTracing } from "../trace/tracing.ts";
import { BackgroundWork } from "./background-work.ts";
import { openFileSql } from "./file-sql.ts";
import { startHttpServer } from "./http-server.ts";
import { createLocalPublisher } from "./local-publisher.ts";
import { createNatsConnections } from "./nats-connections.ts";
import { NATS_TCP } from "./nats-tcp.ts";
import type { NodeSettings } from "./settings.ts";
import { untilAborted } from "./until-aborted.ts";

export type RunningEdge = {
  readonly port: number;
  /** Takes no more requests, finishes those there are and what they have left to do, and drains the outbox, as far as `signal` lets it. */
  stop(signal: AbortSignal): Promise<void>;
};

/** Of requests that are under way when the edge stops. Publishing takes 4 s at most; an export may take for ever. */
const ANSWER_TIMEOUT_MS = 6_000;

/** Runs the edge in this process. Resolves once it listens. @throws when it cannot, with nothing left open */
export async function runEdge(settings: NodeSettings, logger: Logger): Promise<RunningEdge> {
  const { config, HOST, PORT, REGION, OUTBOX_DIR } = settings;
  const transport = settings.nats === "tcp" ? NATS_TCP : NATS_WEBSOCKET;
  const connections = Array.from({ length: config.publisherShards }, (_, shard) =>
    createNatsPublisher({ ...config.nats, name: `sluice-edge-${REGION}-${shard}` }, transport),
  );
  const background = new BackgroundWork((error) =>
    logger.error("work after an answer failed", { err: error }),
  );
  const tracing = config.tracing && createTracing(config.tracing, logger, background.delay);
  const publisher = createLocalPublisher({
    folder: OUTBOX_DIR,
    maxBytes: config.outboxMaxBytes,
    region: REGION,
    nats: createNatsConnections(connections),
    logger,
    tracing: tracing && {
      tracer: tracing.tracer,
      exportSoon: () => tracing.exportSoon((work) => background.waitUntil(work)),
    },
  });
  // One for all processes of this machine, so that each learns what any has read.
  const revocations = openFileSql(join(OUTBOX_DIR, "revocations.sqlite"), "shared");
  const app = createApp(
    createDeps(config, {
      publisher,
      keeper: createKeptRevocations(revocations),
      // Nothing here counts without Redis: a proxy in front of it may.
      gates: { project: undefined, refusedKeys: undefined },
      sharedCache: undefined,
      delay: background.delay,
      tracing,
    }),
  );
  const server = await startHttpServer({
    host: HOST,
    port: PORT,
    fetch: (request) => app.fetch(request, {}, background),
  });
  return {
    port: server.port,
    async stop(signal) {
      await server.close(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]));
      await untilAborted(signal, background.finish());
      await publisher.close(signal);
      if (tracing !== undefined) await untilAborted(signal, tracing.flush());
      revocations.close();
    },
  };
}
