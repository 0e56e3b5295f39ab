import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { EVENTS_STREAM, STORE_CONSUMER } from "../../contract/stream.ts";
import type { NatsService } from "./nats.ts";
import type { NatsCluster } from "./nats-cluster.ts";
import { poll } from "./poll.ts";

/** The events' stream of a cluster, and who serves it. */
export interface ReplicatedStream {
  readonly manager: JetStreamManager;
  /** The stream's leader, once its followers have all that it has. */
  leader(): Promise<NatsService>;
  followers(): Promise<[NatsService, NatsService]>;
  /** The leader of the consumer that workers share. */
  consumerLeader(): Promise<NatsService>;
  /** Another server leads the stream, or its consumer, after that: whichever is elected. */
  stepDown(): Promise<void>;
  stepDownConsumer(): Promise<void>;
  close(): Promise<void>;
}

export async function openReplicatedStream(cluster: NatsCluster): Promise<ReplicatedStream> {
  const connection = await connect({
    servers: cluster.url.split(","),
    user: cluster.tester.user,
    pass: cluster.tester.password,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
  const manager = await jetstreamManager(connection);

  // An election takes five to ten seconds.
  const leader = () =>
    poll(
      "the stream's leader, and followers that have caught up",
      async () => {
        const { cluster: members } = await manager.streams.info(EVENTS_STREAM);
        const followers = members?.replicas ?? [];
        const isWhole = followers.length === 2 && followers.every(({ current }) => current);
        return isWhole && findServer(cluster, members?.leader);
      },
      60_000,
    );

  return {
    manager,
    leader,
    async followers() {
      const leading = await leader();
      const [first, second] = cluster.servers.filter((server) => server !== leading);
      if (first === undefined || second === undefined) throw new Error("Cannot find followers");
      return [first, second];
    },
    async consumerLeader() {
      const info = () => manager.consumers.info(EVENTS_STREAM, STORE_CONSUMER);
      const leads = async () => findServer(cluster, (await info()).cluster?.leader);
      return poll("the consumer's leader", leads, 60_000);
    },
    async stepDown() {
      await connection.request(`$JS.API.STREAM.LEADER.STEPDOWN.${EVENTS_STREAM}`);
    },
    async stepDownConsumer() {
      const consumer = `${EVENTS_STREAM}.${STORE_CONSUMER}`;
      await connection.request(`$JS.API.CONSUMER.LEADER.STEPDOWN.${consumer}`);
    },
    close: () => connection.close(),
  };
}

/** Servers are named nats-1, nats-2, …, in order. */
function findServer(cluster: NatsCluster, name = ""): NatsService | undefined {
  return cluster.servers[Number(name.replace("nats-", "")) - 1];
}
