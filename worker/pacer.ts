/** Keeps a consumption to a rate of events, however many of them a message holds. */
export type Pacer = {
  /** How long to wait until what was taken so far fits the rate. */
  readonly waitMs: number;
  /** How many messages hold about a second's worth of events, judged by those so far. */
  readonly messagesAtOnce: number;
  /** To be told of each message. */
  take(events: number): void;
};

export function createPacer(eventsPerSecond: number, nowMs: () => number): Pacer {
  let freeAtMs = nowMs();
  let messages = 0;
  let events = 0;

  return {
    get waitMs() {
      return Math.max(0, freeAtMs - nowMs());
    },
    get messagesAtOnce() {
      if (messages === 0) return 1;
      return Math.max(1, Math.floor((eventsPerSecond * messages) / Math.max(messages, events)));
    },
    take(count) {
      messages += 1;
      events += count;
      freeAtMs = Math.max(freeAtMs, nowMs()) + (count / eventsPerSecond) * 1_000;
    },
  };
}
