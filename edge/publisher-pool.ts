import type { PublishOutcome, StreamMessage } from "./nats-publisher.ts";
import type { Publisher } from "./publisher.ts";

/** Where a request entered Cloudflare's network, as `request.cf` tells. */
export type RequestOrigin = {
  readonly continent?: string | undefined;
  readonly longitude?: string | undefined;
};

export type EventPublisher = {
  /** Never rejects: what cannot be published has failed. */
  publish(messages: readonly StreamMessage[], origin: RequestOrigin): Promise<PublishOutcome[]>;
  /** @throws when NATS does not answer in time. */
  ping(origin: RequestOrigin): Promise<void>;
};

/** Spreads publishing over `shards` Durable Objects in each region, named `<region>-<n>`, placed near the clients they serve. */
export function createPublisherPool(
  namespace: DurableObjectNamespace<Publisher>,
  shards: number,
): EventPublisher {
  const publisherFor = (origin: RequestOrigin) => {
    const locationHint = locationHintOf(origin);
    const shard = Math.floor(Math.random() * shards);
    return namespace.getByName(`${locationHint}-${shard}`, { locationHint });
  };
  return {
    async publish(messages, origin) {
      try {
        return await publisherFor(origin).publish(messages);
      } catch (error) {
        const reason = `publisher: ${error instanceof Error ? error.message : String(error)}`;
        return messages.map(() => ({ status: "failed", reason }));
      }
    },
    ping: (origin) => publisherFor(origin).ping(),
  };
}

/** Cloudflare's location hint for a continent; North America is split where its hints are, at about 100° west. */
export function locationHintOf(origin: RequestOrigin): DurableObjectLocationHint {
  switch (origin.continent) {
    case "NA":
      return Number(origin.longitude ?? 0) < -100 ? "wnam" : "enam";
    case "SA":
      return "sam";
    case "AS":
      return "apac";
    case "OC":
      return "oc";
    case "AF":
      return "afr";
    default:
      return "weur";
  }
}
