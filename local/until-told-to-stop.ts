export interface StopRequest {
  readonly received: Promise<void>;
  isReceived(): boolean;
}

/** npm, bootstrap and the terminal may each hand on the same Ctrl-C. */
const SAME_SIGNAL_MS = 500;

/**
 * Resolves at the first signal, or when the process that started this one is gone. A second Ctrl-C
 * means: at once. Then `kill` is called and the process ends.
 */
export function untilToldToStop(kill: () => void): StopRequest {
  let firstAt: number | undefined;
  const received = new Promise<void>((resolve) => {
    const receive = (signal: string): void => {
      const now = performance.now();
      if (firstAt === undefined) {
        firstAt = now;
        resolve();
      } else if (signal === "SIGINT" && now - firstAt > SAME_SIGNAL_MS) {
        kill();
        process.exit(130);
      }
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, receive);
    if (process.connected) {
      process.once("disconnect", () => receive("disconnect"));
      process.channel?.unref();
    }
  });
  return { received, isReceived: () => firstAt !== undefined };
}
