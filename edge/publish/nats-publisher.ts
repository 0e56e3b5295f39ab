import { EDGE_INBOX, EVENTS_STREAM } from "../../contract/stream.ts";
import type { TraceHeaders } from "../../contract/trace/trace-context.ts";
import { delay } from "../delay.ts";
import { isDuplicateInProcess, isRefusal } from "./jetstream-refusal.ts";
import type {
  NatsLogin,
  PublishError,
  StreamConnection,
  StreamTransport,
} from "./stream-transport.ts";

export type StreamMessage = {
  readonly subject: string;
  readonly messageId: string;
  readonly payload: Uint8Array;
  /** How many events it carries. */
  readonly events: number;
  /** Of the span that published it, where there is one: whoever stores it goes on from there. */
  readonly trace?: TraceHeaders | undefined;
};

/**
 * `stored`: acknowledged by the stream. `duplicate`: the stream held the message before this call sent it for the first time.
 * `refused`: the stream does not take it, because it is full. `unreachable`: no acknowledgement came, be it that nobody answers or
 * that the servers are electing a leader; the same message may well be taken later.
 */
export type PublishOutcome =
  | { readonly status: "stored" | "duplicate" }
  | { readonly status: "refused" | "unreachable"; readonly reason: string };

export type NatsPublisher = {
  /** Only JetStream's PubAck makes an outcome `stored` or `duplicate`. Never rejects. */
  publish(message: StreamMessage): Promise<PublishOutcome>;
  /** A round trip to the server. @throws when there is none in time. */
  ping(): Promise<void>;
  /** Ends the connection, if there is one. Whoever publishes after that opens another. */
  close(): Promise<void>;
};

/** For each server that is tried. One that does not answer at all is passed over within the deadline of a publish. */
const CONNECT_TIMEOUT_MS = 2_000;
const ACK_TIMEOUT_MS = 1_500;
const PUBLISH_DEADLINE_MS = 4_000;
const PING_TIMEOUT_MS = 2_000;
const LIVENESS_TIMEOUT_MS = 500;
/** Finds a silently dead connection within two missed pongs. */
const PING_INTERVAL_MS = 15_000;
const RETRY_DELAY_MS = 100;

/** `undecided`: JetStream has seen the message id before, and has not stored the message that carried it. */
type Attempt = PublishOutcome | { readonly status: "undecided"; readonly reason: string };

/**
 * Connects to one of the servers at the first use, once for all callers that wait, and to any of them again after that connection
 * has closed. The client's own reconnecting is off: it forgets the servers that were away when it first connected, and leaves what
 * waits for an acknowledgement waiting, where a closed connection ends that at once.
 */
export function createNatsPublisher(login: NatsLogin, transport: StreamTransport): NatsPublisher {
  let connecting: Promise<StreamConnection> | undefined;

  function connection(): Promise<StreamConnection> {
    if (connecting !== undefined) return connecting;
    const opening = open();
    connecting = opening;
    const forget = () => forgetConnection(opening);
    opening.then((opened) => opened.closed()).then(forget, forget);
    return opening;
  }

  function forgetConnection(opening: Promise<StreamConnection>): void {
    if (connecting === opening) connecting = undefined;
  }

  function open(): Promise<StreamConnection> {
    return transport.connect({
      ...login,
      inboxPrefix: EDGE_INBOX,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      ackTimeoutMs: ACK_TIMEOUT_MS,
      pingIntervalMs: PING_INTERVAL_MS,
    });
  }

  async function attempt(message: StreamMessage, hasId: boolean): Promise<Attempt> {
    const opening = connection();
    try {
      const opened = await within(PUBLISH_DEADLINE_MS - ACK_TIMEOUT_MS, opening);
      const ack = await opened.publish(message, hasId);
      // Whoever may subscribe to events can answer a publish; the client takes any JSON for an acknowledgement.
      if (ack.stream !== EVENTS_STREAM) {
        return { status: "unreachable", reason: `stream ${ack.stream} answered` };
      }
      if (!ack.duplicate) return { status: "stored" };
      // How older servers say that a message of this id is under way: https://github.com/nats-io/nats-server/pull/5827
      if (ack.seq === 0) return { status: "undecided", reason: "duplicate without a sequence" };
      return { status: "duplicate" };
    } catch (error) {
      const explained = transport.explain(error);
      if (explained.kind === "timeout") closeIfDead(opening).catch(() => {});
      return toFailure(explained);
    }
  }

  /** A server that hangs is found at once, not by the pings: the next attempt goes to another one. */
  async function closeIfDead(opening: Promise<StreamConnection>): Promise<void> {
    const opened = await opening;
    try {
      await within(LIVENESS_TIMEOUT_MS, opened.flush());
    } catch {
      // Closing waits for the server, too.
      forgetConnection(opening);
      await opened.close();
    }
  }

  return {
    async publish(message) {
      const deadline = Date.now() + PUBLISH_DEADLINE_MS;
      let outcome = await attempt(message, true);
      while (isRetryable(outcome) && Date.now() + ACK_TIMEOUT_MS < deadline) {
        await delay(RETRY_DELAY_MS);
        outcome = await attempt(message, true);
        // The acknowledgement that went missing may have been ours: the event is stored, and by this very call.
        if (outcome.status === "duplicate") return { status: "stored" };
      }
      if (outcome.status !== "undecided") return outcome;
      // A leader that lost its office may have lost the message and kept its id, for all of the duplicate window:
      // https://github.com/nats-io/nats-server/pull/6415. Without an id it is stored, at worst twice, which the row's key forgives.
      outcome = await attempt(message, false);
      return outcome.status === "undecided" ? { ...outcome, status: "unreachable" } : outcome;
    },

    async ping() {
      // A flush on a connection that hangs waits for as long as that takes.
      await within(
        PING_TIMEOUT_MS,
        connection().then((opened) => opened.flush()),
      );
    },

    async close() {
      const opened = await connecting?.catch(() => undefined);
      await opened?.close();
    },
  };
}

function isRetryable({ status }: Attempt): boolean {
  return status === "unreachable" || status === "undecided";
}

/** The reason is what an operator can act on: NATS' own code, and JetStream's description where it gives one. */
function toFailure({ reason, kind, answer }: PublishError): Attempt {
  if (answer === undefined) {
    return { status: kind === "too-large" ? "refused" : "unreachable", reason };
  }
  const described = `${reason}: ${answer.description}`;
  if (isDuplicateInProcess(answer)) return { status: "undecided", reason: described };
  return { status: isRefusal(answer) ? "refused" : "unreachable", reason: described };
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Cannot reach NATS: no answer within ${ms} ms`));
    }, ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
