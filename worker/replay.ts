import type { Consumer, ConsumerInfo, JsMsg } from "@nats-io/jetstream";
import type { ReplayPlan } from "../contract/replay.ts";
import { EVENTS_STREAM } from "../contract/stream.ts";
import { runConsumer } from "./consumer.ts";
import { createPacer } from "./pacer.ts";
import { pause } from "./pause.ts";
import type { ReplaysDeps } from "./replays.ts";
import { isConsumerGone } from "./streams.ts";

export type ReplayDeps = ReplaysDeps & { readonly name: string; readonly plan: ReplayPlan };

/**
 * Feeds the messages of one replay's consumer through an intake of its own. It is over when all up to its end are acknowledged; then
 * the consumer is deleted. Somebody else may delete it before: another worker, as it is over, or an operator, to cancel it.
 */
export async function runReplay(deps: ReplayDeps): Promise<void> {
  const { jetstream, manager, name, plan, logger, stop } = deps;
  const pacer = createPacer(plan.events_per_second, Date.now);
  let messages = 0;
  let inserted = 0;
  logger.info({ replay: name, ...plan }, "replay begins");

  let intake: ReturnType<ReplaysDeps["createIntake"]> | undefined;
  try {
    await runConsumer({
      intake: await openIntake(),
      logger,
      stop,
      async next(room, known) {
        const consumer = known ?? (await find());
        const info = await consumer?.info();
        if (consumer === undefined || info === undefined) return undefined;
        if (isOver(info, plan.end_sequence)) {
          await manager.consumers.delete(EVENTS_STREAM, name).catch(ignoreGone);
          return undefined;
        }
        await pause(pacer.waitMs, stop);
        return { consumer, maxMessages: Math.min(room, pacer.messagesAtOnce) };
      },
    });
  } finally {
    await intake?.close();
  }
  logger.info({ replay: name, messages, inserted, is_stopped: stop.aborted }, "replay ends here");

  async function openIntake() {
    const ackWaitNanos = (await find())?.info(true).then(({ config }) => config.ack_wait);
    const ackWaitMs = ((await ackWaitNanos) ?? DEFAULT_ACK_WAIT_NANOS) / 1_000_000;
    const opened = deps.createIntake({
      ackWaitMs,
      onCommitted: (_, insertedRows) => {
        inserted += insertedRows;
      },
    });
    intake = opened;
    return {
      inFlight: opened.inFlight,
      onMessage(message: JsMsg): number {
        if (message.seq > plan.end_sequence) {
          // The live consumer has it, or will.
          message.ack();
          return 0;
        }
        const events = opened.onMessage(message);
        messages += 1;
        pacer.take(events);
        return events;
      },
    };
  }

  /** Undefined when somebody has deleted it. */
  async function find(): Promise<Consumer | undefined> {
    try {
      return await jetstream.consumers.get(EVENTS_STREAM, name);
    } catch (error) {
      ignoreGone(error);
      return undefined;
    }
  }
}

const DEFAULT_ACK_WAIT_NANOS = 30_000_000_000;

function isOver(info: ConsumerInfo, endSequence: number): boolean {
  if (info.ack_floor.stream_seq >= endSequence) return true;
  return info.num_pending === 0 && info.num_ack_pending === 0;
}

function ignoreGone(error: unknown): void {
  if (!isConsumerGone(error)) throw error;
}
