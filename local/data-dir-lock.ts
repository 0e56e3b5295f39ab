/**
 * DATA_DIR/local.pids is both the lock of a data directory and the list of what runs on it: the
 * supervisor, its watchdog and the parts. Whoever finds a list whose supervisor is gone ends what is
 * left of it before taking over.
 */
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { takeLockFile } from "./lock-file.ts";
import { signalGroup, waitForGroupEnd } from "./process-group.ts";
import { identifyProcess, isRunning, type KnownProcess } from "./process-identity.ts";

interface PidList {
  readonly supervisor: KnownProcess;
  readonly watchdog?: KnownProcess;
  readonly parts: Readonly<Record<string, KnownProcess>>;
}

export interface DataDirLock {
  /** Writes down what runs now. */
  record(running: {
    watchdogPid: number | undefined;
    parts: ReadonlyMap<string, number>;
  }): Promise<void>;
  release(): Promise<void>;
}

/** The watchdog of a killed supervisor needs up to five seconds; then we end the parts ourselves. */
const WATCHDOG_TIMEOUT_MS = 10_000;

/** @throws when another supervisor runs on this directory */
export async function lockDataDir(
  dataDir: string,
  say: (line: string) => void,
): Promise<DataDirLock> {
  const path = join(dataDir, "local.pids");
  const temporary = `${path}.${process.pid}`;
  const self = identifyProcess(process.pid);
  let writes: Promise<void> = Promise.resolve();
  await takeLockFile(path, toJson({ supervisor: self, parts: {} }), async (found) => {
    const list = parseList(found);
    if (list && isRunning(list.supervisor))
      throw new Error(
        `Cannot start: ${dataDir} is in use by another npm start (pid ${list.supervisor.pid}): stop that one, or set DATA_DIR and PORT to others`,
      );
    if (list) await endLeftovers(list, say);
  });

  return {
    record({ watchdogPid, parts }) {
      const list: PidList = {
        supervisor: self,
        ...(watchdogPid === undefined ? {} : { watchdog: identifyProcess(watchdogPid) }),
        parts: Object.fromEntries([...parts].map(([name, pid]) => [name, identifyProcess(pid)])),
      };
      writes = writes.then(async () => {
        await writeFile(temporary, toJson(list));
        await rename(temporary, path);
      });
      return writes;
    },
    async release() {
      await writes;
      await rm(path, { force: true });
    },
  };
}

async function endLeftovers(list: PidList, say: (line: string) => void): Promise<void> {
  const deadline = Date.now() + WATCHDOG_TIMEOUT_MS;
  while (list.watchdog && isRunning(list.watchdog) && Date.now() < deadline) await delay(50);
  for (const [name, part] of Object.entries(list.parts)) {
    if (!isRunning(part)) continue;
    say(`ending ${name} (pid ${part.pid}), left over from an earlier start`);
    signalGroup(part.pid, "SIGTERM");
    if (!(await waitForGroupEnd(part.pid, 5_000))) signalGroup(part.pid, "SIGKILL");
    await waitForGroupEnd(part.pid, 1_000);
  }
}

function parseList(content: string): PidList | undefined {
  try {
    return JSON.parse(content) as PidList;
  } catch {
    return undefined;
  }
}

function toJson(list: PidList): string {
  return `${JSON.stringify(list, undefined, 2)}\n`;
}
