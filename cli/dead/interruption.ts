import { CliError } from "../cli-error.ts";
import { watchInterruption } from "../interruption.ts";

/** Ctrl-C ends a command after the letters at work. */
export function watchSignals() {
  const { signal: stop, exitCode, end } = watchInterruption();
  return {
    stop,
    end,
    /** @throws {CliError} after a signal. */
    check() {
      if (!stop.aborted) return;
      throw new CliError("Stopped: the other dead letters are still there", {
        exitCode: exitCode(),
      });
    },
  };
}
