import type { Consumer, ConsumerInfo, JsMsg } from "@nats-io/jetstream";
import type { ReplayPlan } from "../contract/replay.ts";
import { EVENTS_STREAM } from "../contract/stream.ts";
import { type Fetch, runConsumer } from "./consumer.ts";
import { createPacer } from "./pacer.ts";
import { pause } from "./pause.ts";
import type { ReplaysDeps } from "./replays.ts";
import { isConsumerGone } from "./streams.ts";

export type Replay = {
  readonly name: string;
  readonly plan: ReplayPlan;
  readonly ackWaitMs: number;
};

/** A large message may use up the rate of many seconds: a cancellation is to be seen meanwhile. */
const LOOK_EVERY_MS = 1_000;

/**
 * Feeds the messages of one replay's consumer through an intake of its own. It is over when all up to its end are acknowledged; then
 * the consumer is deleted. Somebody else may delete it before: another worker, as it is over, or an operator, to cancel it.
 */
export async function runReplay(replay: Replay, deps: ReplaysDeps): Promise<void> {
  const { name, plan, ackWaitMs } = replay;
  const { jetstream, manager, stop } = deps;
  const logger = deps.logger.child({ replay: name });
  const pacer = createPacer(plan.events_per_second, () => performance.now());
  const done = { messages: 0, events: 0, new_rows: 0 };
  const intake = deps.createIntake({
    ackWaitMs,
    logger,
    onCommitted(_, inserted) {
      done.new_rows += inserted;
    },
  });
  let isFinished = false;
  logger.info({ ...plan }, "replay begins");
  try {
    const { inFlight } = intake;
    await runConsumer({ intake: { inFlight, onMessage }, next, logger, stop });
  } finally {
    await intake.close();
  }
  if (isFinished) logger.info(done, "replay finished");
  else if (stop.aborted) logger.info(done, "replay waits for a worker to go on");
  else logger.info(done, "replay is over: cancelled, or finished by another worker");

  function onMessage(message: JsMsg): void {
    if (message.seq > plan.end_sequence) {
      // The live consumer has it, or will.
      message.ack();
      return;
    }
    const events = intake.onMessage(message);
    pacer.take(events);
    done.messages += 1;
    done.events += events;
  }

  async function next(room: number, known: Consumer | undefined): Promise<Fetch | undefined> {
    for (let consumer = known; !stop.aborted; ) {
      consumer ??= await find();
      if (consumer === undefined) return undefined;
      const info = await consumer.info();
      if (isOver(info, plan.end_sequence)) {
        await manager.consumers.delete(EVENTS_STREAM, name).catch(ignoreGone);
        isFinished = true;
        return undefined;
      }
      const { waitMs, messagesAtOnce } = pacer;
      await pause(Math.min(waitMs, LOOK_EVERY_MS), stop);
      if (waitMs > LOOK_EVERY_MS) continue;
      // No more than there are, or the fetch would wait for others.
      const maxMessages = Math.min(room, messagesAtOnce, Math.max(1, info.num_pending));
      return { consumer, maxMessages };
    }
    return undefined;
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

function isOver(info: ConsumerInfo, endSequence: number): boolean {
  if (info.ack_floor.stream_seq >= endSequence) return true;
  return info.num_pending === 0 && info.num_ack_pending === 0;
}

function ignoreGone(error: unknown): void {
  if (!isConsumerGone(error)) throw error;
}
