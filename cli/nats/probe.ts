import { randomUUID } from "node:crypto";
import { AckPolicy, DeliverPolicy, type JetStreamManager } from "@nats-io/jetstream";

/** Where in a stream to look: from a time, a position, or its first message; and at which subjects. */
export type Start = { readonly timeMs: number } | { readonly sequence: number } | "first";

export type Probe = {
  /** Position of the first message at or after the start, whatever its subject; past the last when there is none. */
  readonly sequence: number;
  /** Messages of the subject from there on. */
  readonly messages: number;
};

const NANOS_PER_SECOND = 1_000_000_000;

/** Asks the server to find a place in a stream and to count from there, by a consumer that reads nothing and is gone afterwards. */
export async function probe(
  manager: JetStreamManager,
  stream: string,
  start: Start,
  subject?: string,
): Promise<Probe> {
  const info = await manager.consumers.add(stream, {
    // An operator may create consumers by name only, so that none can be the workers' own.
    name: `probe-${randomUUID()}`,
    ack_policy: AckPolicy.None,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: 5 * NANOS_PER_SECOND,
    ...toDeliverPolicy(start),
    ...(subject === undefined ? {} : { filter_subject: subject }),
  });
  await manager.consumers.delete(stream, info.name);
  return { sequence: info.delivered.stream_seq + 1, messages: info.num_pending };
}

export function toDeliverPolicy(start: Start) {
  if (start === "first") return { deliver_policy: DeliverPolicy.All };
  if ("sequence" in start) {
    return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start.sequence };
  }
  const opt_start_time = new Date(start.timeMs).toISOString();
  return { deliver_policy: DeliverPolicy.StartTime, opt_start_time };
}
