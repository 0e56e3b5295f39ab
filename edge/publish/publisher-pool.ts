import { delay } from "../delay.ts";
import { locationHintOf, type RequestOrigin } from "../http/request-origin.ts";
import type { EventPublisher } from "./event-publisher.ts";
import type { Publisher } from "./publisher.ts";

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
