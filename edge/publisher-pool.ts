import type { PublishOutcome, StreamMessage } from "./nats-publisher.ts";
import type { Publisher } from "./publisher.ts";

/** Where a request entered Cloudflare's network, as `request.cf` tells. */
export type RequestOrigin = {
  readonly continent?: string | undefined;
  readonly longitude?: string | undefined;
};

export type EventPublisher = {
  /** Never rejects: what cannot be published is `unreachable`. */
  publish(messages: readonly StreamMessage[], origin: RequestOrigin): Promise<PublishOutcome[]>;
  /** Reaches every publisher of the region. @throws when one cannot reach NATS. */
  ping(origin: RequestOrigin): Promise<void>;
};

/** Spreads publishing over `shards` Durable Objects in each region, named `<region>-<n>`, placed near the clients they serve. */
export function createPublisherPool(
  namespace: DurableObjectNamespace<Publisher>,
  shards: number,
): EventPublisher {
  const publisherFor = (origin: RequestOrigin, shard: number) => {
    const locationHint = locationHintOf(origin);
    return namespace.getByName(`${locationHint}-${shard}`, { locationHint });
  };
  return {
    async publish(messages, origin) {
      try {
        return await publisherFor(origin, Math.floor(Math.random() * shards)).publish(messages);
      } catch (error) {
        const reason = `publisher: ${error instanceof Error ? error.message : String(error)}`;
        return messages.map(() => ({ status: "unreachable", reason }));
      }
    },
    async ping(origin) {
      const numbers = Array.from({ length: shards }, (_, shard) => shard);
      await Promise.all(numbers.map((shard) => publisherFor(origin, shard).ping()));
    },
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
