import type { JsMsg } from "@nats-io/jetstream";

/** What settles a delivery. */
export type Acknowledgeable = Pick<JsMsg, "seq" | "data" | "ack" | "nak" | "term" | "working">;

/**
 * The messages this worker holds: fetched and not yet settled. Bounds them in bytes, and keeps telling the server that they are
 * worked on, so that a long outage of the database moves none of them to another worker.
 */
export type InFlight = {
  readonly bytes: number;
  readonly count: number;
  /** False for a message that is held already: then only the newer delivery is the one to acknowledge. */
  add(message: Acknowledgeable): boolean;
  ack(sequence: number): void;
  term(sequence: number, reason: string): void;
  nak(sequence: number, delayMs: number): void;
  nakAll(): void;
  /** Resolves when fewer bytes than the limit are held. */
  waitForRoom(signal: AbortSignal): Promise<void>;
  /** To be called a few times in each ack_wait. */
  extend(): void;
};

export function createInFlight(maxBytes: number): InFlight {
  const held = new Map<number, Acknowledgeable>();
  let bytes = 0;
  let waiting: (() => void)[] = [];

  return {
    get bytes() {
      return bytes;
    },
    get count() {
      return held.size;
    },
    add(message) {
      const before = held.get(message.seq);
      held.set(message.seq, message);
      if (before !== undefined) return false;
      bytes += message.data.length;
      return true;
    },
    ack(sequence) {
      release(sequence)?.ack();
    },
    term(sequence, reason) {
      release(sequence)?.term(reason);
    },
    nak(sequence, delayMs) {
      release(sequence)?.nak(delayMs);
    },
    nakAll() {
      for (const sequence of [...held.keys()]) release(sequence)?.nak();
    },
    waitForRoom(signal) {
      if (bytes < maxBytes || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    },
    extend() {
      for (const message of held.values()) message.working();
    },
  };

  function release(sequence: number): Acknowledgeable | undefined {
    const message = held.get(sequence);
    if (message === undefined) return undefined;
    held.delete(sequence);
    bytes -= message.data.length;
    if (bytes < maxBytes && waiting.length > 0) {
      const resolvers = waiting;
      waiting = [];
      for (const resolve of resolvers) resolve();
    }
    return message;
  }
}
