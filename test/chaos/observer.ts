import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import postgres from "postgres";
import { DEAD_STREAM } from "../../contract/stream.ts";
import { type ChaosStack, PROJECT } from "./chaos-stack.ts";

/** Looks into the database and the stream without passing through what faults are done to, but for the parts themselves. */
export interface Observer {
  /** How many rows hold each sequence number. */
  readStored(): Promise<Map<number, number>>;
  countStored(): Promise<number>;
  hasStored(eventId: string, occurredAt: string): Promise<boolean>;
  countDeadLetters(): Promise<number>;
  close(): Promise<void>;
}

export function createObserver(stack: Pick<ChaosStack, "databaseUrl" | "natsUrl">): Observer {
  const sql = postgres(stack.databaseUrl, {
    max: 1,
    onnotice: () => {},
    connect_timeout: 5,
    backoff: () => 0.2,
  });
  return {
    async readStored() {
      const rows = await sql<{ sequence: number; count: number }[]>`
        select (properties->>'sequence')::int as sequence, count(*)::int as count
        from events where project_id = ${PROJECT} group by 1`;
      return new Map(rows.map(({ sequence, count }) => [sequence, count]));
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
    async countDeadLetters() {
      const { username, password, host } = new URL(stack.natsUrl);
      const nats = await connect({ servers: host, user: username, pass: password });
      try {
        const { state } = await (await jetstreamManager(nats)).streams.info(DEAD_STREAM);
        return state.messages;
      } finally {
        await nats.close();
      }
    },
    close: () => sql.end({ timeout: 5 }),
  };
}
