import { type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { DeadLetter } from "../../../contract/dead-letter.ts";
import { encodeEnvelope, encodeEvent } from "../../../contract/envelope.ts";
import type { Event } from "../../../contract/event.ts";
import {
  DEAD_STREAM,
  EVENTS_STREAM,
  eventsSubject,
  STORE_CONSUMER,
} from "../../../contract/stream.ts";
import { createUuidV7 } from "../../../contract/uuid.ts";
import type { NatsService } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";

/** Stands in for the edge, and looks into the streams. */
export type Publisher = {
  readonly manager: JetStreamManager;
  publish(projectId: string, events: readonly Event[]): Promise<void>;
  publishRaw(subject: string, payload: Uint8Array): Promise<void>;
  waitUntilDrained(timeoutMs?: number): Promise<void>;
  readDeadLetters(projectId: string): Promise<DeadLetter[]>;
  close(): Promise<void>;
};

export async function createPublisher(nats: NatsService): Promise<Publisher> {
  const connection = await connect({
    servers: nats.url,
    user: nats.tester.user,
    pass: nats.tester.password,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
  const manager = await jetstreamManager(connection);
  const client = jetstream(connection);
  return {
    manager,
    async publish(projectId, events) {
      const header = { received_at: new Date().toISOString(), request_id: "test" };
      const payload = encodeEnvelope(header, events.map(encodeEvent));
      await client.publish(eventsSubject(projectId), payload);
    },
    async publishRaw(subject, payload) {
      await client.publish(subject, payload);
    },
    async waitUntilDrained(timeoutMs) {
      await poll(
        "the stream drained",
        async () => {
          const { state } = await manager.streams.info(EVENTS_STREAM);
          const info = await manager.consumers.info(EVENTS_STREAM, STORE_CONSUMER);
          return info.num_ack_pending === 0 && info.ack_floor.stream_seq >= state.last_seq;
        },
        timeoutMs,
      );
    },
    async readDeadLetters(projectId) {
      const { state } = await manager.streams.info(DEAD_STREAM);
      const letters: DeadLetter[] = [];
      for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
        const message = await manager.streams.getMessage(DEAD_STREAM, { seq });
        if (message?.subject.startsWith(`dead.${projectId}.`)) letters.push(message.json());
      }
      return letters;
    },
    close: () => connection.close(),
  };
}

export function createEvents(count: number, occurredAtMs = Date.now()): Event[] {
  return Array.from({ length: count }, (_, index) => ({
    event_id: createUuidV7(occurredAtMs),
    occurred_at: new Date(occurredAtMs).toISOString(),
    event_type: index % 2 === 0 ? "view" : 'tab\tand \\ "quote"\n',
    user_id: `user-${index % 100}`,
    properties: { index, path: 'C:\\temp\t"x"', emoji: "🧪 ä" },
  }));
}
