import { constants } from "node:os";

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export type Interruption = {
  /** Aborts at the first Ctrl-C, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /** What the command then exits with, as a shell reports a process that a signal ended. */
  readonly exitCode: () => number;
  end(): void;
};

/** Whoever calls this ends it. */
export function watchInterruption(): Interruption {
  const interrupted = new AbortController();
  let exitCode = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    exitCode = 128 + constants.signals[signal];
    interrupted.abort();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  return {
    signal: interrupted.signal,
    exitCode: () => exitCode,
    end() {
      for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
    },
  };
}
