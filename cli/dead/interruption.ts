import { constants } from "node:os";
import { CliError } from "../cli-error.ts";

/** Ctrl-C ends a command after the letters at work. */
export function watchSignals() {
  const stop = new AbortController();
  let exitCode = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    exitCode = 128 + constants.signals[signal];
    stop.abort();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  return {
    stop: stop.signal,
    /** @throws {CliError} after a signal. */
    check() {
      if (stop.signal.aborted) {
        throw new CliError("Stopped: the other dead letters are still there", { exitCode });
      }
    },
    end() {
      for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
    },
  };
}

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
