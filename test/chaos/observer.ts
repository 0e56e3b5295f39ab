import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import postgres from "postgres";
import { DEAD_STREAM, EVENTS_STREAM, STORE_CONSUMER } from "../../contract/stream.ts";
import { type ChaosStack, PROJECT } from "./chaos-stack.ts";
import type { StoredEvent } from "./verdict.ts";

/** Looks into the database and the stream without passing through what faults are done to, but for the parts themselves. */
export interface Observer {
  /** The rows that hold each sequence number. */
  readStored(): Promise<Map<number, StoredEvent>>;
  countStored(): Promise<number>;
  hasStored(eventId: string, occurredAt: string): Promise<boolean>;
  countDeadLetters(): Promise<number>;
  /** Whether nothing is on its way any more: the outboxes are empty, and the worker has settled the whole stream. */
  isIdle(): Promise<boolean>;
  /** Which server of the cluster leads the stream. */
  readStreamLeader(): Promise<string | undefined>;
  close(): Promise<void>;
}

const ANSWER_TIMEOUT_MS = 3_000;

export function createObserver(
  stack: Pick<ChaosStack, "databaseUrl" | "edgeUrl" | "natsServers" | "natsLogin">,
): Observer {
  const sql = postgres(stack.databaseUrl, {
    max: 1,
    onnotice: () => {},
    connect_timeout: 5,
    backoff: () => 0.2,
  });

  return {
    async readStored() {
      // Events tell in their properties what their columns must be; an id made by the edge is not known there.
      const rows = await sql<(StoredEvent & { sequence: number })[]>`
        select
          (properties->>'sequence')::int as sequence,
          count(*)::int as rows,
          count(*) filter (
            where event_id::text <> properties->>'event_id'
              or occurred_at <> (properties->>'occurred_at')::timestamptz
              or user_id is distinct from properties->>'user_id'
          )::int as altered
        from events where project_id = ${PROJECT} group by 1`;
      return new Map(rows.map(({ sequence, ...stored }) => [sequence, stored]));
    },
    async countStored() {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::int as count from events where project_id = ${PROJECT}`;
      return row?.count ?? 0;
    },
    async hasStored(eventId, occurredAt) {
      const rows = await sql`
        select from events
        where project_id = ${PROJECT} and event_id = ${eventId} and occurred_at = ${occurredAt}`;
      return rows.length > 0;
    },
    countDeadLetters: () =>
      askNats(async ({ streams }) => (await streams.info(DEAD_STREAM)).state.messages),
    async isIdle() {
      if ((await countInOutboxes(stack.edgeUrl)) !== 0) return false;
      return askNats(async ({ consumers }) => {
        const consumer = await consumers.info(EVENTS_STREAM, STORE_CONSUMER);
        return consumer.num_pending + consumer.num_ack_pending === 0;
      });
    },
    readStreamLeader: () =>
      askNats(async ({ streams }) => (await streams.info(EVENTS_STREAM)).cluster?.leader),
    close: () => sql.end({ timeout: 5 }),
  };

  /** By a connection of its own: a lasting one would have to survive every fault. */
  async function askNats<T>(ask: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    const nats = await connect({
      servers: [...stack.natsServers],
      ...stack.natsLogin,
      timeout: ANSWER_TIMEOUT_MS,
      reconnect: false,
    });
    try {
      return await ask(await jetstreamManager(nats, { timeout: ANSWER_TIMEOUT_MS }));
    } finally {
      await nats.close();
    }
  }
}

/** Messages that the edge holds, or undefined while it does not tell. */
async function countInOutboxes(edgeUrl: string): Promise<number | undefined> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const response = await fetch(`${edgeUrl}/readyz`, { signal });
  const { outbox } = (await response.json()) as { outbox?: { messages: number } | null };
  return outbox?.messages;
}
