import { connect, type NatsConnection } from "@nats-io/transport-node";
import { WORKER_INBOX } from "../contract/stream.ts";
import type { WorkerEnv } from "./env.ts";

/**
 * Connects to any of the servers, and stays connected: waits while none is there yet, and goes to another one after each loss, for
 * ever. Only the given addresses are used: those that servers tell of themselves may not be reachable from here.
 */
export function connectNats(
  env: Pick<WorkerEnv, "NATS_URL" | "NATS_USER" | "NATS_PASSWORD">,
): Promise<NatsConnection> {
  return connect({
    servers: env.NATS_URL,
    ...(env.NATS_USER === undefined ? {} : { user: env.NATS_USER }),
    ...(env.NATS_PASSWORD === undefined ? {} : { pass: env.NATS_PASSWORD }),
    name: "sluice-worker",
    inboxPrefix: WORKER_INBOX,
    ignoreClusterUpdates: true,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    // Two pings without an answer end a connection that died silently.
    pingInterval: 10_000,
    maxPingOut: 2,
    timeout: 5_000,
  });
}
