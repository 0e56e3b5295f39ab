import type { JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { EVENTS_STREAM, STORE_CONSUMER } from "../contract/stream.ts";
import { withTimeLimit } from "./time-limit.ts";
import type { Sql } from "./timescale/database.ts";

export type PartReadiness = { readonly ok: boolean } & Readonly<Record<string, unknown>>;
export type Readiness = Readonly<Record<string, PartReadiness>>;

/** What the worker has reached so far. */
export type WorkerState = {
  nats?: NatsConnection;
  manager?: JetStreamManager;
  isMigrated: boolean;
};

const CHECK_TIMEOUT_MS = 2_000;

/** Asks every part behind the worker. */
export async function checkReadiness(sql: Sql, state: WorkerState): Promise<Readiness> {
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

async function checkPart(check: () => Promise<PartReadiness>): Promise<PartReadiness> {
  try {
    return await withTimeLimit(CHECK_TIMEOUT_MS, check());
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}
