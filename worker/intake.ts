import type { JsMsg } from "@nats-io/jetstream";
import { projectOfSubject } from "../contract/stream.ts";
import { type BatchLimits, createBatcher } from "./batcher.ts";
import { type DeadLetters, toPayload } from "./dead-letters.ts";
import type { Delivery, StreamMessage } from "./delivery.ts";
import type { EventWriter } from "./engine.ts";
import { createInFlight, type InFlight } from "./in-flight.ts";
import type { Logger } from "./logger.ts";
import type { IntakeMeter } from "./metrics/intake-metrics.ts";
import { pause } from "./pause.ts";
import type { IntakeTrace } from "./trace/intake-trace.ts";
import { createWriter, type WriterDeps } from "./writer.ts";

/** How long a batch may take after the stop before it goes back to the stream. */
const DRAIN_MS = 4_000;
const DEAD_LETTER_RETRY_MS = 5_000;

/**
 * What becomes of one consumer's messages: held, decoded, collected into batches, written, settled. Each consumer has an intake of its
 * own, as the sequence numbers by which messages are held mean nothing beside those of another consumer.
 */
export type Intake = {
  readonly inFlight: InFlight;
  /** Takes one delivered message; answers how many events it brought. */
  readonly onMessage: (message: JsMsg) => number;
  /** Stores what is held as far as that works soon, and gives the rest back. */
  close(): Promise<void>;
};

export type IntakeDeps = {
  readonly store: EventWriter;
  readonly kindOf: WriterDeps["kindOf"];
  readonly deadLetters: DeadLetters;
  /** @throws {EnvelopeError} when the message cannot be read at all. */
  readonly decode: (message: StreamMessage) => Delivery;
  /** Called after each commit; `inserted` of the rows were new. */
  readonly onCommitted?: WriterDeps["onCommitted"];
  readonly batchLimits: BatchLimits;
  readonly maxInFlightBytes: number;
  readonly meter: IntakeMeter;
  /** Undefined where nothing is traced. */
  readonly trace?: IntakeTrace | undefined;
  /** Of the consumer. */
  readonly ackWaitMs: number;
  readonly logger: Logger;
};

/** Whoever calls this closes it. */
export function createIntake(deps: IntakeDeps): Intake {
  const { store, deadLetters, meter, trace, logger } = deps;
  const giveUp = new AbortController();
  const inFlight = createInFlight(deps.maxInFlightBytes, (settlement, sequence) => {
    meter.settled(settlement);
    trace?.settled(settlement, sequence);
  });
  const write = createWriter({
    store,
    kindOf: deps.kindOf,
    deadLetters,
    inFlight,
    onCommitted: deps.onCommitted ?? (() => {}),
    meter,
    trace,
    logger,
    giveUp: giveUp.signal,
    delay: pause,
  });
  const batcher = createBatcher(deps.batchLimits, write, systemClock);
  const extension = setInterval(() => inFlight.extend(), deps.ackWaitMs / 3);

  return {
    inFlight,
    onMessage(message) {
      meter.delivered(message.redelivered);
      if (!inFlight.add(message)) return 0;
      trace?.delivered(message);
      try {
        const delivery = deps.decode(message);
        batcher.add(delivery);
        return delivery.rows.length + delivery.malformed.length;
      } catch (error) {
        buryWhole(message, error);
        return 0;
      }
    },
    async close() {
      const deadline = setTimeout(() => giveUp.abort(), DRAIN_MS);
      await batcher.drain();
      clearTimeout(deadline);
      giveUp.abort();
      inFlight.nakAll();
      clearInterval(extension);
    },
  };

  /** What cannot be decoded goes to the dead letters whole. */
  function buryWhole({ seq, subject, data }: JsMsg, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const project = projectOfSubject(subject);
    const fields = { project, trace_id: trace?.traceIdOf(seq), sequence: seq };
    const letter = {
      reason,
      stream_sequence: seq,
      subject,
      failed_at: new Date().toISOString(),
      ...toPayload(data),
    };
    deadLetters.publish([letter]).then(
      (kept) => {
        meter.buried(kept);
        logger.warn({ ...fields, reason }, "message dead-lettered");
        inFlight.term(seq, "");
      },
      (cause) => {
        logger.error({ err: cause, ...fields }, "dead letter not published");
        inFlight.nak(seq, DEAD_LETTER_RETRY_MS);
      },
    );
  }
}

const systemClock = {
  now: () => performance.now(),
  after(delayMs: number, callback: () => void) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
