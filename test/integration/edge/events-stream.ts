import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { decodeEnvelope } from "../../../contract/envelope.ts";
import { EVENTS_STREAM, eventsSubject } from "../../../contract/stream.ts";
import { eventsStreamWish } from "../../../contract/stream-wish.ts";
import type { NatsService } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";

/** Stands in for the worker: makes the stream, and looks into it. */
export interface EventsStream {
  readonly connection: NatsConnection;
  create(maxBytes?: number): Promise<void>;
  grow(maxBytes: number): Promise<void>;
  /** Also when there is none. */
  remove(): Promise<void>;
  countMessages(): Promise<number>;
  /** A project's ids in the order of the stream, one for each time an event is in it. */
  storedIds(projectId: string): Promise<string[]>;
}

export async function openEventsStream(nats: NatsService): Promise<EventsStream> {
  const connection = await connect({
    servers: nats.url,
    user: nats.tester.user,
    pass: nats.tester.password,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
  const { streams } = await jetstreamManager(connection);
  return {
    connection,
    async create(maxBytes = 100_000_000) {
      const { subjects, ...wish } = eventsStreamWish({ maxBytes, maxAgeHours: 1, replicas: 1 });
      await streams.add({ ...wish, subjects: [...subjects] });
    },
    async grow(maxBytes) {
      await streams.update(EVENTS_STREAM, { max_bytes: maxBytes });
    },
    async remove() {
      // A server that has just been started again may not answer yet.
      await poll("no stream", async () => {
        await streams.delete(EVENTS_STREAM).catch(() => {});
        return (await streams.names().next()).length === 0;
      });
    },
    async countMessages() {
      return (await streams.info(EVENTS_STREAM)).state.messages;
    },
    async storedIds(projectId) {
      const { state } = await streams.info(EVENTS_STREAM);
      const ids: string[] = [];
      for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
        const message = await streams.getMessage(EVENTS_STREAM, { seq });
        if (message?.subject !== eventsSubject(projectId)) continue;
        ids.push(...decodeEnvelope(message.data).events.map((event) => event.event_id));
      }
      return ids;
    },
  };
}
