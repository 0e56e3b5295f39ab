import { DurableObject } from "cloudflare:workers";
import { parseConfig, type Vars } from "./env.ts";
import { createLogger, type Logger } from "./logger.ts";
import {
  createNatsPublisher,
  type NatsPublisher,
  type PublishOutcome,
  type StreamMessage,
} from "./nats-publisher.ts";
import { createOutbox, type Outbox, type OutboxStatus } from "./outbox.ts";

export type PublisherStatus = {
  /** False from a message that got no acknowledgement until one that does. */
  readonly isReachable: boolean;
  readonly outbox: OutboxStatus;
};

/** How often an outage is probed. */
const RETRY_DELAY_MS = 1_000;
/** Messages of the outbox under way at once: at most 16 MiB. */
const DRAIN_BATCH = 32;

/**
 * Owns one connection to NATS, and an outbox for the time when there is none. A Worker may not use a socket beyond the request that
 * opened it; a Durable Object may, and serves every request of its region. It connects at the first publish, never in its
 * constructor, which would hold up every call while NATS is away.
 *
 * States. *Reachable*: messages go to NATS; one that gets no acknowledgement goes to the outbox, and the state becomes
 * *unreachable*: messages go to the outbox at once, and an alarm tries its oldest every second; the first one acknowledged makes
 * the state *reachable*, and the rest is drained in order. Rows have identities, so new messages need not wait for older ones.
 */
export class Publisher extends DurableObject<Vars> {
  readonly #nats: NatsPublisher;
  readonly #outbox: Outbox;
  readonly #logger: Logger = createLogger();
  #isReachable: boolean;

  constructor(state: DurableObjectState, vars: Vars) {
    super(state, vars);
    const { nats, outboxMaxBytes } = parseConfig(vars);
    this.#nats = createNatsPublisher({ ...nats, name: `sluice-edge-${state.id.name ?? state.id}` });
    this.#outbox = createOutbox(state.storage.sql, outboxMaxBytes, Date.now());
    // With messages left from an outage, the alarm finds out whether it is over: no request waits for that.
    this.#isReachable = this.#outbox.isEmpty;
    // Miniflare's alarms do not survive a restart of the runtime, the outbox does.
    if (!this.#outbox.isEmpty) this.ctx.waitUntil(this.#scheduleDrain());
  }

  /** Outcomes in the order of `messages`; each message stands for itself. `stored` is durable, in the stream or in the outbox. */
  publish(messages: readonly StreamMessage[]): Promise<PublishOutcome[]> {
    return Promise.all(messages.map((message) => this.#publish(message)));
  }

  async #publish(message: StreamMessage): Promise<PublishOutcome> {
    const outcome: PublishOutcome = this.#isReachable
      ? await this.#nats.publish(message)
      : { status: "unreachable", reason: "NATS did not answer lately" };
    if (outcome.status !== "unreachable") return outcome;
    if (!this.#outbox.keep(message, Date.now())) {
      return { ...outcome, reason: `${outcome.reason}, and the outbox is full` };
    }
    if (this.#isReachable) {
      this.#logger.warn("NATS does not answer: keeping messages in the outbox", outcome);
      this.#isReachable = false;
    }
    await this.#scheduleDrain();
    return { status: "stored" };
  }

  override async alarm(): Promise<void> {
    while (!this.#outbox.isEmpty) {
      // One message is probe enough while NATS is away.
      const kept = this.#outbox.oldest(this.#isReachable ? DRAIN_BATCH : 1);
      const outcomes = await Promise.all(kept.map((message) => this.#nats.publish(message)));
      const published = kept.filter((_, index) => isInStream(outcomes[index]));
      this.#outbox.remove(published.map(({ id }) => id));
      this.#isReachable = published.length === kept.length;
      if (!this.#isReachable) return await this.#scheduleDrain();
    }
    this.#logger.info("the outbox is drained");
  }

  async #scheduleDrain(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) {
      await this.ctx.storage.setAlarm(Date.now() + RETRY_DELAY_MS);
    }
  }

  /** What the publisher knows by itself: NATS is not asked. */
  status(): PublisherStatus {
    return { isReachable: this.#isReachable, outbox: this.#outbox.status(Date.now()) };
  }

  /** @throws when NATS does not answer. */
  ping(): Promise<void> {
    return this.#nats.ping();
  }
}

function isInStream(outcome: PublishOutcome | undefined): boolean {
  return outcome?.status === "stored" || outcome?.status === "duplicate";
}
