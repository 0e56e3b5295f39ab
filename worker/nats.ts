import {
  AuthorizationError,
  connect,
  credsAuthenticator,
  type NatsConnection,
  UserAuthenticationExpiredError,
} from "@nats-io/transport-node";
import { WORKER_INBOX } from "../contract/stream.ts";
import type { WorkerEnv } from "./env.ts";

/**
 * Connects to any of the servers, and stays connected: waits while none is there yet, and goes to another one after each loss, for
 * ever. Only the given addresses are used: those that servers tell of themselves may not be reachable from here.
 */
export function connectNats(
  env: Pick<WorkerEnv, "NATS_URL" | "NATS_USER" | "NATS_PASSWORD" | "NATS_CREDS">,
): Promise<NatsConnection> {
  return connect({
    servers: env.NATS_URL,
    ...(env.NATS_USER === undefined ? {} : { user: env.NATS_USER }),
    ...(env.NATS_PASSWORD === undefined ? {} : { pass: env.NATS_PASSWORD }),
    ...(env.NATS_CREDS === undefined
      ? {}
      : { authenticator: credsAuthenticator(new TextEncoder().encode(env.NATS_CREDS)) }),
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

/**
 * The client comes back after every loss but one: the server has refused its login twice. Another password or other creds take another
 * process, which whoever supervises the worker starts. Resolves when the connection is closed.
 * @throws when it was refused
 */
export async function failWhenRefused(nats: NatsConnection): Promise<void> {
  // The client forgets it where the server lets creds in once more in the very second in which they expire.
  let refusal: Error | undefined;
  const listen = async () => {
    for await (const status of nats.status()) {
      if (status.type === "error" && isRefusal(status.error)) refusal = status.error;
    }
  };
  // It ends with the connection, whose end says why.
  listen().catch(() => {});
  const reason = await nats.closed();
  if (!(reason instanceof Error)) return;
  const cause = refusal ?? reason;
  throw new Error(`Cannot go on: NATS refuses the worker: ${cause.message}`, { cause });
}

function isRefusal(error: Error): boolean {
  return error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError;
}
