import type { NatsPublisher } from "../publish/nats-publisher.ts";

/** Several connections as one: messages take them in turn. One that hangs delays its share alone. */
export function createNatsConnections(connections: readonly NatsPublisher[]): NatsPublisher {
  let next = 0;
  return {
    publish(message) {
      const connection = connections[next++ % connections.length];
      if (connection === undefined) throw new TypeError("Cannot publish: there is no connection");
      return connection.publish(message);
    },
    async ping() {
      await Promise.all(connections.map((connection) => connection.ping()));
    },
    async close() {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}
