import { connect, type JetStreamClient, type NatsConnection, NatsError } from "nats.ws";
import { EDGE_INBOX, EVENTS_STREAM } from "../contract/stream.ts";
import { delay } from "./delay.ts";

export type StreamMessage = {
  readonly subject: string;
  readonly messageId: string;
  readonly payload: Uint8Array;
};

/**
 * `stored`: acknowledged by the stream. `duplicate`: the stream held the message before this call sent it for the first time.
 * `refused`: the stream answered and does not take it, because it is full. `unreachable`: no acknowledgement came.
 */
export type PublishOutcome =
  | { readonly status: "stored" | "duplicate" }
  | { readonly status: "refused" | "unreachable"; readonly reason: string };

export type NatsPublisher = {
  /** Only JetStream's PubAck makes an outcome `stored` or `duplicate`. Never rejects. */
  publish(message: StreamMessage): Promise<PublishOutcome>;
  /** A round trip to the server. @throws when there is none in time. */
  ping(): Promise<void>;
};

export type NatsOptions = {
  readonly servers: readonly string[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly name: string;
};

const CONNECT_TIMEOUT_MS = 2_000;
const ACK_TIMEOUT_MS = 1_500;
const PUBLISH_DEADLINE_MS = 4_000;
const PING_TIMEOUT_MS = 2_000;
const RETRY_DELAY_MS = 100;

/** Connects at the first use, once for all callers that wait, and again after a connection has closed. */
export function createNatsPublisher(options: NatsOptions): NatsPublisher {
  let connecting: Promise<NatsConnection> | undefined;

  function connection(): Promise<NatsConnection> {
    connecting ??= open().catch((error: unknown) => {
      connecting = undefined;
      throw error;
    });
    return connecting;
  }

  async function open(): Promise<NatsConnection> {
    const opened = await connect({
      servers: [...options.servers],
      name: options.name,
      ...(options.user === undefined ? {} : { user: options.user }),
      ...(options.password === undefined ? {} : { pass: options.password }),
      inboxPrefix: EDGE_INBOX,
      timeout: CONNECT_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      // Finds a silently dead connection within two missed pongs.
      pingInterval: 15_000,
      ignoreClusterUpdates: true,
      // Otherwise every publish records a stack trace in case it times out.
      noAsyncTraces: true,
    });
    void opened.closed().then(() => {
      connecting = undefined;
    });
    return opened;
  }

  async function attempt(message: StreamMessage): Promise<PublishOutcome> {
    try {
      const stream: JetStreamClient = (await connection()).jetstream({ timeout: ACK_TIMEOUT_MS });
      const ack = await stream.publish(message.subject, message.payload, {
        msgID: message.messageId,
      });
      // Whoever may subscribe to events can answer a publish; the client takes any JSON for an acknowledgement.
      if (ack.stream !== EVENTS_STREAM) {
        return { status: "unreachable", reason: `stream ${ack.stream} answered` };
      }
      return { status: ack.duplicate ? "duplicate" : "stored" };
    } catch (error) {
      return toFailure(error);
    }
  }

  return {
    async publish(message) {
      const deadline = Date.now() + PUBLISH_DEADLINE_MS;
      let outcome = await attempt(message);
      while (outcome.status === "unreachable" && Date.now() + ACK_TIMEOUT_MS < deadline) {
        await delay(RETRY_DELAY_MS);
        outcome = await attempt(message);
        // The acknowledgement that went missing may have been ours: the event is stored, and by this very call.
        if (outcome.status === "duplicate") return { status: "stored" };
      }
      return outcome;
    },

    async ping() {
      const opened = await connection();
      const timeout = delay(PING_TIMEOUT_MS).then(() => {
        throw new Error(`Cannot reach NATS: no answer within ${PING_TIMEOUT_MS} ms`);
      });
      // While the client reconnects, a flush waits for as long as that takes.
      await Promise.race([opened.flush(), timeout]);
    },
  };
}

/** The reason is what an operator can act on: NATS' own code, and JetStream's description where it gives one. */
function toFailure(error: unknown): PublishOutcome {
  if (!(error instanceof NatsError)) {
    return {
      status: "unreachable",
      reason: error instanceof Error ? error.message : String(error),
    };
  }
  const answer = error.api_error;
  if (answer === undefined) return { status: "unreachable", reason: error.code };
  return { status: "refused", reason: `${error.code}: ${answer.description}` };
}
