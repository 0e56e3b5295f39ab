import type { JetStreamError } from "./jetstream-refusal.ts";
import type { StreamMessage } from "./nats-publisher.ts";

/** A client library of NATS, with what the publisher needs of it. */
export type StreamTransport = {
  /** To one of the servers. A connection that ends is not made again. @throws when none lets it in, in time. */
  connect(options: ConnectOptions): Promise<StreamConnection>;
  /** What an error of a connection tells. */
  explain(error: unknown): PublishError;
};

export type StreamConnection = {
  /** With the id of the message, or with none. @throws without an acknowledgement of JetStream, in time */
  publish(message: StreamMessage, hasId: boolean): Promise<StreamAck>;
  /** A round trip. On a connection that hangs it waits for as long as that takes. */
  flush(): Promise<void>;
  close(): Promise<void>;
  /** Resolves when the connection has ended. */
  closed(): Promise<unknown>;
};

/** JetStream's PubAck. */
export type StreamAck = {
  readonly stream: string;
  readonly seq: number;
  readonly duplicate: boolean;
};

export type PublishError = {
  /** What an operator can act on. */
  readonly reason: string;
  /** `too-large`: the server takes no message of this size. `timeout`: nothing came back. */
  readonly kind: "timeout" | "too-large" | "other";
  /** What JetStream said, if anything. */
  readonly answer: JetStreamError | undefined;
};

/** Whom to connect to, and as whom. */
export type NatsLogin = {
  /** Of one cluster: any of them serves. */
  readonly servers: readonly string[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** In place of both: what a .creds file holds. */
  readonly creds?: string | undefined;
  readonly name: string;
};

export type ConnectOptions = NatsLogin & {
  readonly inboxPrefix: string;
  /** For each server that is tried. */
  readonly connectTimeoutMs: number;
  readonly ackTimeoutMs: number;
  readonly pingIntervalMs: number;
};
