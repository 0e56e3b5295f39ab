import type { RequestOrigin } from "../http/request-origin.ts";
import type { Tally } from "../metrics/tally.ts";
import type { PublishOutcome, StreamMessage } from "./nats-publisher.ts";
import type { PublisherStatus } from "./outbox-publisher.ts";

export type EventPublisher = {
  /** Never rejects: what cannot be published is `unreachable`. */
  publish(messages: readonly StreamMessage[], origin: RequestOrigin): Promise<PublishOutcome[]>;
  /** Reaches every publisher of the region. @throws when one cannot reach NATS. */
  ping(origin: RequestOrigin): Promise<void>;
  /** Of every publisher of the region, without asking NATS. Never rejects. */
  reports(origin: RequestOrigin): Promise<PublisherReport[]>;
  /** Has the first publisher of the region, the first of its reports, add up what isolates count. Rejects when it does not. */
  tell(tally: Tally, origin: RequestOrigin): Promise<void>;
};

/** One publisher of a region; `status` is undefined when it does not answer in time. */
export type PublisherReport = {
  readonly name: string;
  readonly status: PublisherStatus | undefined;
};
