import { join } from "node:path";
import type { Part } from "../../local/part.ts";
import { type RunningPart, runPart } from "../../local/run-part.ts";
import { createWatchdog, type Watchdog } from "../../local/watchdog.ts";
import type { TempDir } from "./temp-dir.ts";

/** One real server that a test started. */
export interface Service {
  pid(): number;
  readonly logPath: string;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
  /** kill -9; its data stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data, after a kill or as it is. */
  restart(): Promise<void>;
}

/** Ends what this test process started, even if it crashes or is killed. */
let sharedWatchdog: Watchdog | undefined;

/** Starts a part and waits until it is ready. */
export async function startService(part: Part, tempDir: TempDir): Promise<Service> {
  sharedWatchdog ??= createWatchdog();
  const watchdog = sharedWatchdog;
  const logDir = join(tempDir.path, "logs");

  const launch = async (): Promise<RunningPart> => {
    const started = await runPart(part, logDir, watchdog);
    try {
      await started.waitUntilReady(AbortSignal.timeout(part.readyTimeoutMs));
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  };

  let running: RunningPart;
  try {
    running = await launch();
  } catch (error) {
    await tempDir.remove();
    throw error;
  }
  return {
    pid: () => running.pid,
    logPath: running.logPath,
    async stop() {
      await running.stop();
      await tempDir.remove();
    },
    async kill() {
      running.kill();
      await running.ended;
    },
    async restart() {
      await running.stop();
      running = await launch();
    },
  };
}
