import { connect, credsAuthenticator, ErrorCode, headers, NatsError } from "nats.ws";
import type { TraceHeaders } from "../../contract/trace/trace-context.ts";
import type { PublishError, StreamTransport } from "./stream-transport.ts";

/** NATS over a WebSocket, which a Worker can open. */
export const NATS_WEBSOCKET: StreamTransport = {
  async connect({ servers, user, password, creds, ...options }) {
    const opened = await connect({
      servers: [...servers],
      name: options.name,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { pass: password }),
      ...(creds === undefined
        ? {}
        : { authenticator: credsAuthenticator(new TextEncoder().encode(creds)) }),
      inboxPrefix: options.inboxPrefix,
      timeout: options.connectTimeoutMs,
      reconnect: false,
      pingInterval: options.pingIntervalMs,
      ignoreClusterUpdates: true,
      // Otherwise every publish records a stack trace in case it times out.
      noAsyncTraces: true,
    });
    const stream = opened.jetstream({ timeout: options.ackTimeoutMs });
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
    if (!(error instanceof NatsError)) {
      const reason = error instanceof Error ? error.message : String(error);
      return { reason, kind: "other", answer: undefined };
    }
    return { reason: error.code, kind: kindOf(error), answer: error.api_error };
  },
};

function toHeaders(trace: TraceHeaders) {
  const message = headers();
  for (const [name, value] of Object.entries(trace)) message.set(name, value);
  return message;
}

function kindOf({ code }: NatsError): PublishError["kind"] {
  if (code === ErrorCode.Timeout) return "timeout";
  return code === ErrorCode.MaxPayloadExceeded ? "too-large" : "other";
}
