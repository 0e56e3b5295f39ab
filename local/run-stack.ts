import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type DataDirLock, lockDataDir } from "./data-dir-lock.ts";
import type { Part } from "./part.ts";
import { sayWarnings } from "./say-warnings.ts";
import { createSupervisor } from "./supervisor.ts";
import { untilToldToStop } from "./until-told-to-stop.ts";
import { createWatchdog } from "./watchdog.ts";

export interface RunStackOptions {
  readonly dataDir: string;
  /** Makes the parts, once the data directory is ours. `description` goes into local.json. */
  readonly prepare: () => Promise<{
    readonly parts: readonly Part[];
    readonly description: Readonly<Record<string, string>>;
  }>;
  readonly onReady: () => void;
  readonly say: (line: string) => void;
}

/**
 * Runs parts on a data directory until a signal comes or the parent is gone. DATA_DIR/local.json is
 * there as long as all of them have become ready, and nothing else is left afterwards.
 * @throws when the directory is in use, or a part can not be started
 */
export async function runStack(options: RunStackOptions): Promise<void> {
  const lock = await lockDataDir(options.dataDir, options.say);
  try {
    await runLocked(options, lock);
  } finally {
    await lock.release();
  }
}

async function runLocked(options: RunStackOptions, lock: DataDirLock): Promise<void> {
  const { dataDir, say } = options;
  const descriptionPath = join(dataDir, "local.json");
  await rm(descriptionPath, { force: true });
  const { parts, description } = await options.prepare();

  const watchdog = createWatchdog();
  let isReady = false;
  let writes: Promise<void> = Promise.resolve();

  /** Writes down the pids after each change, for the next start and for whoever reads local.json. */
  const record = (): void => {
    const running = new Map(supervisor.running());
    writes = writes.then(async () => {
      const pids = new Map([...running].map(([name, part]) => [name, part.pid]));
      await lock.record({ watchdogPid: watchdog.pid(), parts: pids });
      if (!isReady) return;
      const described = [...running].map(([name, { pid, logPath }]) => [
        name,
        { pid, log: logPath },
      ]);
      await writeJson(descriptionPath, { ...description, parts: Object.fromEntries(described) });
    });
  };
  const logDir = join(dataDir, "logs");
  const warnings = sayWarnings(logDir, say);
  const supervisor = createSupervisor({
    parts,
    logDir,
    watchdog,
    say,
    onChange: record,
  });
  const stopRequest = untilToldToStop(() => {
    say("killing");
    supervisor.kill();
  });

  try {
    warnings.start();
    say(`starting ${parts.map((part) => part.name).join(", ")} (data and logs in ${dataDir})`);
    const started = supervisor.start();
    await Promise.race([started, stopRequest.received]);
    if (!stopRequest.isReceived()) {
      isReady = true;
      record();
      await writes;
      options.onReady();
      await stopRequest.received;
    }
    started.catch(() => {});
    say("stopping");
  } finally {
    await supervisor.stop();
    warnings.close();
    await writes;
    await rm(descriptionPath, { force: true });
    watchdog.close();
  }
  say("stopped");
}

async function writeJson(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}
