import type { Logger } from "../logger.ts";
import { createPublisherCounters } from "../metrics/publisher-counters.ts";
import { createTallySum, type Tally, tallyOf } from "../metrics/tally.ts";
import { endNatsSpan, type PublisherTracing, startNatsSpan } from "../trace/publisher-tracing.ts";
import type { NatsPublisher, PublishOutcome, StreamMessage } from "./nats-publisher.ts";
import type { Outbox, OutboxStatus } from "./outbox.ts";

export type PublisherStatus = {
  /** False from a message that got no acknowledgement until one that does. */
  readonly isReachable: boolean;
  readonly outbox: OutboxStatus;
  /** What it has counted itself, and what it was told. */
  readonly counts: Tally;
};

export type OutboxPublisher = {
  /** Outcomes in the order of `messages`; each message stands for itself. `stored` is durable, in the stream or in the outbox. */
  publish(messages: readonly StreamMessage[]): Promise<PublishOutcome[]>;
  /** Publishes what the outbox holds, as far as NATS takes it, and has itself called again for what is left. */
  drain(): Promise<void>;
  /** What the publisher knows by itself: NATS is not asked. */
  status(): PublisherStatus;
  /** Adds what an isolate has counted to what others have, to be told with the status. */
  tell(tally: Tally): void;
  /** @throws when NATS does not answer. */
  ping(): Promise<void>;
};

export type OutboxPublisherOptions = {
  readonly nats: NatsPublisher;
  readonly outbox: Outbox;
  readonly logger: Logger;
  readonly now: () => number;
  /** Has `drain` called in `delayMs`, once however often it is asked for, and never while it runs. */
  readonly scheduleDrain: (delayMs: number) => Promise<void>;
  /** Undefined where nothing is traced. */
  readonly tracing?: PublisherTracing | undefined;
};

/** How often an outage is probed. */
export const RETRY_DELAY_MS = 1_000;
/** Messages of the outbox under way at once: at most 16 MiB. */
const DRAIN_BATCH = 32;

/**
 * One way to NATS, and an outbox for the time when there is none. It connects at the first publish.
 *
 * States. *Reachable*: messages go to NATS; one that gets no acknowledgement goes to the outbox, and the state becomes
 * *unreachable*: messages go to the outbox at once, and every second its oldest is tried; the first one acknowledged makes
 * the state *reachable*, and the rest is drained in order. Rows have identities, so new messages need not wait for older ones.
 * With messages left from an outage it begins unreachable and finds out whether that is over: no request waits for it.
 */
export function createOutboxPublisher(options: OutboxPublisherOptions): OutboxPublisher {
  const { nats, outbox, logger, now, tracing } = options;
  const counters = createPublisherCounters();
  const told = createTallySum();
  let isReachable = outbox.isEmpty;

  async function publish(message: StreamMessage): Promise<PublishOutcome> {
    const beganMs = now();
    const span = startNatsSpan(tracing, message, "request");
    const isAsked = isReachable;
    const outcome: PublishOutcome = isAsked
      ? await nats.publish(message)
      : { status: "unreachable", reason: "NATS did not answer lately" };
    const seconds = isAsked ? (now() - beganMs) / 1_000 : undefined;
    const fault = outcome.status === "unreachable" ? await keep(message) : undefined;
    const isKept = outcome.status === "unreachable" && fault === undefined;
    counters.count(message, isKept ? "kept" : outcome.status, seconds);
    endNatsSpan(span, isKept ? "kept" : outcome.status);
    if (outcome.status !== "unreachable") return outcome;
    if (fault !== undefined) return { ...outcome, reason: `${outcome.reason}, and ${fault}` };
    if (isReachable) {
      logger.warn("NATS does not answer: keeping messages in the outbox", outcome);
      isReachable = false;
    }
    await options.scheduleDrain(RETRY_DELAY_MS);
    return { status: "stored" };
  }

  /** Undefined when the message is durable. */
  async function keep(message: StreamMessage): Promise<string | undefined> {
    try {
      return (await outbox.keep(message, now())) ? undefined : "the outbox is full";
    } catch (error) {
      logger.error("the outbox cannot be written", { err: error });
      return `the outbox cannot be written: ${error instanceof Error ? error.message : error}`;
    }
  }

  /** Its trace tells of the attempt that brings it to the stream: there may be one a second before. */
  async function publishKept(message: StreamMessage): Promise<PublishOutcome> {
    const span = startNatsSpan(tracing, message, "outbox");
    const outcome = await nats.publish(message);
    if (isInStream(outcome)) endNatsSpan(span, outcome.status);
    return outcome;
  }

  return {
    async publish(messages) {
      const outcomes = await Promise.all(messages.map(publish));
      tracing?.exportSoon();
      return outcomes;
    },

    async drain() {
      while (!outbox.isEmpty) {
        // One message is probe enough while NATS is away.
        const kept = outbox.oldest(isReachable ? DRAIN_BATCH : 1);
        const outcomes = await Promise.all(kept.map(publishKept));
        const published = kept.filter((_, index) => isInStream(outcomes[index]));
        await outbox.remove(published.map(({ id }) => id));
        counters.countDrained(published.length);
        isReachable = published.length === kept.length;
        if (!isReachable) return await options.scheduleDrain(RETRY_DELAY_MS);
      }
      logger.info("the outbox is drained");
      tracing?.exportSoon();
    },

    status: () => ({
      isReachable,
      outbox: outbox.status(now()),
      counts: { ...tallyOf(counters.metrics()), ...told.total },
    }),

    tell: told.add,

    ping: () => nats.ping(),
  };
}

function isInStream(outcome: PublishOutcome | undefined): boolean {
  return outcome?.status === "stored" || outcome?.status === "duplicate";
}
