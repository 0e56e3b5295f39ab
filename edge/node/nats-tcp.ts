import { JetStreamApiError, jetstream } from "@nats-io/jetstream";
import { connect, credsAuthenticator, errors, headers } from "@nats-io/transport-node";
import type { TraceHeaders } from "../../contract/trace/trace-context.ts";
import type { PublishError, StreamTransport } from "../publish/stream-transport.ts";

/**
 * NATS over TCP: a message of 1,000 events takes a sixth of the CPU that it takes over Node's WebSocket, one of a single event half of it.
 * `tls://` goes on only with TLS; `nats://` goes over to it where the server offers it.
 */
export const NATS_TCP: StreamTransport = {
  async connect({ servers, user, password, creds, ...options }) {
    const opened = await connect({
      servers: [...servers],
      name: options.name,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { pass: password }),
      ...(creds === undefined
        ? {}
        : { authenticator: credsAuthenticator(new TextEncoder().encode(creds)) }),
      ...(servers.some((server) => server.startsWith("tls://")) ? { tls: {} } : {}),
      inboxPrefix: options.inboxPrefix,
      timeout: options.connectTimeoutMs,
      reconnect: false,
      pingInterval: options.pingIntervalMs,
      ignoreClusterUpdates: true,
      noAsyncTraces: true,
    });
    const stream = jetstream(opened, { timeout: options.ackTimeoutMs });
    return {
      publish: ({ subject, payload, messageId, trace }, hasId) =>
        stream.publish(subject, payload, {
          ...(hasId ? { msgID: messageId } : {}),
          ...(trace === undefined ? {} : { headers: toHeaders(trace) }),
        }),
      flush: () => opened.flush(),
      close: () => opened.close(),
      closed: () => opened.closed(),
    };
  },

  explain(error) {
    const reason = error instanceof Error ? error.message || error.name : String(error);
    return { reason, kind: kindOf(error), answer: answerOf(error)?.apiError() };
  },
};

function toHeaders(trace: TraceHeaders) {
  const message = headers();
  for (const [name, value] of Object.entries(trace)) message.set(name, value);
  return message;
}

function kindOf(error: unknown): PublishError["kind"] {
  if (isOrHas(error, errors.TimeoutError)) return "timeout";
  const isTooLarge =
    error instanceof errors.InvalidArgumentError && /max_payload/.test(error.message);
  return isTooLarge ? "too-large" : "other";
}

function answerOf(error: unknown): JetStreamApiError | undefined {
  if (error instanceof JetStreamApiError) return error;
  return error instanceof Error && error.cause instanceof JetStreamApiError
    ? error.cause
    : undefined;
}

function isOrHas(error: unknown, type: new (...args: never[]) => Error): boolean {
  return error instanceof type || (error instanceof Error && error.cause instanceof type);
}
