import type { JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { EVENTS_STREAM, STORE_CONSUMER } from "../contract/stream.ts";
import type { Engine } from "./engine.ts";
import type { InFlight } from "./in-flight.ts";
import { withTimeLimit } from "./time-limit.ts";

export type PartReadiness = { readonly ok: boolean } & Readonly<Record<string, unknown>>;
export type Readiness = Readonly<Record<string, PartReadiness>>;

/** What the worker has reached so far. */
export type WorkerState = {
  nats?: NatsConnection;
  manager?: JetStreamManager;
  /** By the intake of live messages. */
  held?: InFlight;
  isMigrated: boolean;
};

const CHECK_TIMEOUT_MS = 2_000;

/** Asks every part behind the worker. */
export async function checkReadiness(
  engine: Pick<Engine, "checkHealth">,
  state: WorkerState,
): Promise<Readiness> {
  const { nats, manager, isMigrated } = state;
  const [database, consumer] = await Promise.all([
    checkPart(async () => {
      await engine.checkHealth();
      return { ok: true };
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

async function checkPart(check: () => Promise<PartReadiness>): Promise<PartReadiness> {
  try {
    return await withTimeLimit(CHECK_TIMEOUT_MS, check());
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}
