import type { ConsumerInfo, StreamInfo } from "@nats-io/jetstream";

/** The lowest sequence not acknowledged when the stream was asked, or undefined when there was none. */
export function findFirstUnacked(
  stream: { readonly state: Pick<StreamInfo["state"], "first_seq" | "last_seq" | "messages"> },
  consumer: Pick<ConsumerInfo, "num_pending" | "num_ack_pending"> & {
    readonly ack_floor: { readonly stream_seq: number };
  },
): number | undefined {
  const { first_seq, last_seq, messages } = stream.state;
  if (messages === 0) return undefined;
  // What was purged below the first message is nobody's any more.
  const floor = Math.max(consumer.ack_floor.stream_seq, first_seq - 1);
  return floor >= last_seq ? undefined : floor + 1;
}
