import { DurableObject } from "cloudflare:workers";
import { type Bindings, parseConfig } from "./env.ts";
import {
  createNatsPublisher,
  type NatsPublisher,
  type PublishOutcome,
  type StreamMessage,
} from "./nats-publisher.ts";

/**
 * Owns one connection to NATS. A Worker may not use a socket beyond the request that opened it; a Durable Object may, and serves
 * every request of its region. It opens the connection at the first publish, never in its constructor, which would hold up
 * every call while NATS is away.
 */
export class Publisher extends DurableObject<Bindings> {
  readonly #nats: NatsPublisher;

  constructor(state: DurableObjectState, bindings: Bindings) {
    super(state, bindings);
    const { nats } = parseConfig(bindings);
    this.#nats = createNatsPublisher({ ...nats, name: `sluice-edge-${state.id.name ?? state.id}` });
  }

  /** Outcomes in the order of `messages`; each message stands for itself. */
  publish(messages: readonly StreamMessage[]): Promise<PublishOutcome[]> {
    return Promise.all(messages.map((message) => this.#nats.publish(message)));
  }

  ping(): Promise<void> {
    return this.#nats.ping();
  }
}
