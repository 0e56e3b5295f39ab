/**
 * Lets only so many pieces of work run at once, and shares the places between projects; the others wait, and no more than so many. The
 * next to run is of the project with the fewest running, the longest waiting of those. When the line is full, the newest of the project
 * that has most gives way to one that has less.
 */
export type WorkQueue = {
  readonly load: { readonly running: number; readonly waiting: number };
  /**
   * Rejects with the signal's reason once it aborts, also while the work still runs: its place is taken until it really ends.
   * @throws {QueueFullError}
   */
  run<T>(projectId: string, work: () => Promise<T>, signal: AbortSignal): Promise<T>;
};

export type WorkQueueLimits = {
  readonly maxRunning: number;
  /** Of one project, also while nobody else wants the places. */
  readonly maxRunningOfOne?: number;
  readonly maxWaiting: number;
};

export class QueueFullError extends Error {
  override readonly name = "QueueFullError";
  /** Whether it is the project itself that has taken the places. */
  readonly isOwnFault: boolean;

  constructor(isOwnFault: boolean) {
    super(`Cannot begin: too much ${isOwnFault ? "of the project " : ""}waits already`);
    this.isOwnFault = isOwnFault;
  }
}

type Waiter = {
  readonly projectId: string;
  readonly begin: () => void;
  readonly giveWay: (error: QueueFullError) => void;
  hasPlace: boolean;
};

export function createWorkQueue(limits: WorkQueueLimits): WorkQueue {
  const { maxRunning, maxRunningOfOne = maxRunning, maxWaiting } = limits;
  /** One entry for each that runs. */
  const running: string[] = [];
  /** In the order in which they came. */
  const waiting = new Set<Waiter>();

  return {
    get load() {
      return { running: running.length, waiting: waiting.size };
    },
    async run(projectId, work, signal) {
      await enter(projectId, signal);
      return untilAborted(
        work().finally(() => leave(projectId)),
        signal,
      );
    },
  };

  async function enter(projectId: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (mayRun(projectId)) {
      running.push(projectId);
      return;
    }
    if (waiting.size >= maxWaiting) makeRoomFor(projectId);
    const { promise: turn, resolve: begin, reject: giveWay } = Promise.withResolvers<void>();
    const waiter: Waiter = { projectId, begin, giveWay, hasPlace: false };
    waiting.add(waiter);
    try {
      await untilAborted(turn, signal);
    } catch (error) {
      waiting.delete(waiter);
      // The turn came in the same moment, and goes to the next.
      if (waiter.hasPlace) leave(projectId);
      throw error;
    }
  }

  function leave(projectId: string): void {
    running.splice(running.indexOf(projectId), 1);
    const [next] = [...waiting]
      .filter((waiter) => mayRun(waiter.projectId))
      .sort((a, b) => runningOf(a.projectId) - runningOf(b.projectId));
    if (next === undefined) return;
    waiting.delete(next);
    running.push(next.projectId);
    next.hasPlace = true;
    next.begin();
  }

  function mayRun(projectId: string): boolean {
    return running.length < maxRunning && runningOf(projectId) < maxRunningOfOne;
  }

  function runningOf(projectId: string): number {
    return running.filter((id) => id === projectId).length;
  }

  /** What a project has of the queue, running and waiting. */
  function shareOf(projectId: string): number {
    const waiters = [...waiting].filter((waiter) => waiter.projectId === projectId);
    return runningOf(projectId) + waiters.length;
  }

  function makeRoomFor(projectId: string): void {
    const own = shareOf(projectId);
    const newestFirst = [...waiting].reverse();
    const [last] = newestFirst.sort((a, b) => shareOf(b.projectId) - shareOf(a.projectId));
    // With one less it still has no less than the one that comes.
    if (last === undefined || shareOf(last.projectId) <= own + 1) {
      throw new QueueFullError(own >= Math.max(...running.map(shareOf)));
    }
    waiting.delete(last);
    last.giveWay(new QueueFullError(true));
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
