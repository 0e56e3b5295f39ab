import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { WorkerEnv } from "./env.ts";

/** Connects, and stays connected: waits for a server that is not there yet and comes back after each loss. */
export function connectNats(
  env: Pick<WorkerEnv, "NATS_URL" | "NATS_USER" | "NATS_PASSWORD">,
): Promise<NatsConnection> {
  return connect({
    servers: env.NATS_URL,
    ...(env.NATS_USER === undefined ? {} : { user: env.NATS_USER }),
    ...(env.NATS_PASSWORD === undefined ? {} : { pass: env.NATS_PASSWORD }),
    name: "sluice-worker",
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    // Two pings without an answer end a connection that died silently.
    pingInterval: 10_000,
    maxPingOut: 2,
    timeout: 5_000,
  });
}
