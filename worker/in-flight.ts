import type { JsMsg } from "@nats-io/jetstream";
import type { Settlement } from "./metrics/intake-metrics.ts";

/** What settles a delivery. */
export type Acknowledgeable = Pick<JsMsg, "seq" | "data" | "ack" | "nak" | "term" | "working">;

/**
 * The messages of one consumer that this worker holds: fetched and not yet settled. Bounds them in bytes, and keeps telling the
 * server that they are worked on, so that a long outage of the database moves none of them to another worker.
 */
export type InFlight = {
  readonly count: number;
  readonly bytes: number;
  readonly maxBytes: number;
  /** Until the limit is reached. What was fetched in one go may exceed it. */
  readonly freeBytes: number;
  /** False for a message that is held already: then only the newer delivery is the one to acknowledge. */
  add(message: Acknowledgeable): boolean;
  ack(sequence: number): void;
  term(sequence: number, reason: string): void;
  nak(sequence: number, delayMs: number): void;
  nakAll(): void;
  /**
   * Settles what is held now without a word to the server: its consumer or its stream is gone, and a successor counts from one again,
   * so that an acknowledgement would be taken for one of another message. Nothing may be added before all of it is settled.
   */
  disown(): void;
  /** Resolves when fewer bytes than the limit are held. */
  waitForRoom(signal: AbortSignal): Promise<void>;
  /** Resolves when nothing is held. */
  waitUntilEmpty(signal: AbortSignal): Promise<void>;
  /** To be called a few times in each ack_wait. */
  extend(): void;
};

/** @param onSettled called with each delivery that is settled */
export function createInFlight(
  maxBytes: number,
  onSettled: (settlement: Settlement, sequence: number) => void,
): InFlight {
  const held = new Map<number, Acknowledgeable>();
  let bytes = 0;
  let waiting: Waiter[] = [];

  return {
    get count() {
      return held.size;
    },
    get bytes() {
      return bytes;
    },
    maxBytes,
    get freeBytes() {
      return Math.max(0, maxBytes - bytes);
    },
    add(message) {
      const before = held.get(message.seq);
      held.set(message.seq, message);
      if (before !== undefined) return false;
      bytes += message.data.length;
      return true;
    },
    ack(sequence) {
      release(sequence, "ack")?.ack();
    },
    term(sequence, reason) {
      release(sequence, "term")?.term(reason);
    },
    nak(sequence, delayMs) {
      release(sequence, "nak")?.nak(delayMs);
    },
    nakAll() {
      for (const sequence of [...held.keys()]) release(sequence, "nak")?.nak();
    },
    disown() {
      for (const [sequence, { data }] of held) held.set(sequence, toSilent(sequence, data));
    },
    waitForRoom: (signal) => waitUntil(() => bytes < maxBytes, signal),
    waitUntilEmpty: (signal) => waitUntil(() => held.size === 0, signal),
    extend() {
      for (const message of held.values()) message.working();
    },
  };

  function waitUntil(isOver: () => boolean, signal: AbortSignal): Promise<void> {
    if (isOver() || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter = { isOver, end };
      function end(): void {
        signal.removeEventListener("abort", end);
        waiting = waiting.filter((other) => other !== waiter);
        resolve();
      }
      signal.addEventListener("abort", end);
      waiting.push(waiter);
    });
  }

  function release(sequence: number, settlement: Settlement): Acknowledgeable | undefined {
    const message = held.get(sequence);
    if (message === undefined) return undefined;
    onSettled(settlement, sequence);
    held.delete(sequence);
    bytes -= message.data.length;
    for (const { isOver, end } of waiting) if (isOver()) end();
    return message;
  }
}

type Waiter = { readonly isOver: () => boolean; readonly end: () => void };

function toSilent(seq: number, data: Uint8Array): Acknowledgeable {
  return { seq, data, ack() {}, nak() {}, term() {}, working() {} };
}
