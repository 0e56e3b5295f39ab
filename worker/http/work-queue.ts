/** Lets only so many pieces of work run at once; the others wait in order, and no more than so many. */
export type WorkQueue = {
  /**
   * Rejects with the signal's reason once it aborts, also while the work still runs: its place is taken until it really ends.
   * @throws {QueueFullError}
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
};

export class QueueFullError extends Error {
  override readonly name = "QueueFullError";

  constructor() {
    super("Cannot begin: too much waits already");
  }
}

export function createWorkQueue(limits: {
  readonly maxRunning: number;
  readonly maxWaiting: number;
}): WorkQueue {
  let running = 0;
  const waiting = new Set<() => void>();

  return {
    async run(work, signal) {
      await enter(signal);
      return untilAborted(work().finally(leave), signal);
    },
  };

  async function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (running < limits.maxRunning) {
      running += 1;
      return;
    }
    if (waiting.size >= limits.maxWaiting) throw new QueueFullError();
    const { promise: turn, resolve: begin } = Promise.withResolvers<void>();
    waiting.add(begin);
    try {
      await untilAborted(turn, signal);
    } catch (error) {
      // Not in the queue any more: the turn came in the same moment, and goes to the next.
      if (!waiting.delete(begin)) leave();
      throw error;
    }
  }

  /** Hands the place to whoever waits longest. */
  function leave(): void {
    const [next] = waiting;
    if (next === undefined) {
      running -= 1;
      return;
    }
    waiting.delete(next);
    next();
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
