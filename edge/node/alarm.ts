/** Runs work some time after it was asked for, as a Durable Object's alarm does: once for all who ask meanwhile, and never twice at once. */
export type Alarm = {
  schedule(delayMs: number): void;
  /** Resolves when the work that runs now is over. None begins any more. */
  stop(): Promise<void>;
};

/** @param onFailure decides what becomes of work that rejects, and may schedule it again */
export function createAlarm(work: () => Promise<void>, onFailure: (error: unknown) => void): Alarm {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  /** Asked for while it ran. */
  let nextDelayMs: number | undefined;
  let isStopped = false;

  function schedule(delayMs: number): void {
    if (isStopped) return;
    if (running !== undefined) nextDelayMs ??= delayMs;
    else timer ??= setTimeout(run, delayMs);
  }

  function run(): void {
    timer = undefined;
    running = work()
      .catch(onFailure)
      .then(() => {
        running = undefined;
        const delayMs = nextDelayMs;
        nextDelayMs = undefined;
        if (delayMs !== undefined) schedule(delayMs);
      });
  }

  return {
    schedule,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
