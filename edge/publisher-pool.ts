import { delay } from "./delay.ts";
import type { Tally } from "./metrics/tally.ts";
import type { PublishOutcome, StreamMessage } from "./nats-publisher.ts";
import type { Publisher, PublisherStatus } from "./publisher.ts";

/** Where a request entered Cloudflare's network, as `request.cf` tells. */
export type RequestOrigin = {
  readonly continent?: string | undefined;
  readonly longitude?: string | undefined;
};

export function originOf(request: Request): RequestOrigin {
  return (request.cf ?? {}) as RequestOrigin;
}

/** One publisher of a region; `status` is undefined when it does not answer in time. */
export type PublisherReport = {
  readonly name: string;
  readonly status: PublisherStatus | undefined;
};

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

const REPORT_TIMEOUT_MS = 2_000;

/** Spreads publishing over `shards` Durable Objects in each region, named `<region>-<n>`, placed near the clients they serve. */
export function createPublisherPool(
  namespace: DurableObjectNamespace<Publisher>,
  shards: number,
): EventPublisher {
  const numbers = Array.from({ length: shards }, (_, shard) => shard);
  const publisherFor = (origin: RequestOrigin, shard: number) => {
    const locationHint = locationHintOf(origin);
    const name = `${locationHint}-${shard}`;
    return { name, stub: namespace.getByName(name, { locationHint }) };
  };
  return {
    async publish(messages, origin) {
      try {
        const { stub } = publisherFor(origin, Math.floor(Math.random() * shards));
        return await stub.publish(messages);
      } catch (error) {
        const reason = `publisher: ${error instanceof Error ? error.message : String(error)}`;
        return messages.map(() => ({ status: "unreachable", reason }));
      }
    },
    async ping(origin) {
      await Promise.all(numbers.map((shard) => publisherFor(origin, shard).stub.ping()));
    },
    reports(origin) {
      const timeout = delay(REPORT_TIMEOUT_MS).then(() => undefined);
      return Promise.all(
        numbers.map(async (shard) => {
          const { name, stub } = publisherFor(origin, shard);
          const answer = stub.status().catch(() => undefined);
          return { name, status: await Promise.race([answer, timeout]) };
        }),
      );
    },
    async tell(tally, origin) {
      await publisherFor(origin, 0).stub.tell(tally);
    },
  };
}

/** A request that comes from each region that publishers are named after. */
const ORIGINS = {
  weur: { continent: "EU" },
  enam: { continent: "NA", longitude: "-75" },
  wnam: { continent: "NA", longitude: "-120" },
  sam: { continent: "SA" },
  apac: { continent: "AS" },
  oc: { continent: "OC" },
  afr: { continent: "AF" },
} as const satisfies Partial<Record<DurableObjectLocationHint, RequestOrigin>>;

export type Region = keyof typeof ORIGINS;
export const REGIONS = Object.keys(ORIGINS) as Region[];

export function originOfRegion(region: Region): RequestOrigin {
  return ORIGINS[region];
}

/** Cloudflare's location hint for a continent; North America is split where its hints are, at about 100° west. */
export function locationHintOf(origin: RequestOrigin): Region {
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
