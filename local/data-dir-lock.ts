/**
 * DATA_DIR/local.pids is both the lock of a data directory and the list of what runs on it: the
 * supervisor, its watchdog and the parts. Whoever finds a list whose supervisor is gone ends what is
 * left of it before taking over.
 */
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { signalGroup, waitForGroupEnd } from "./process-group.ts";
import { processIdentity } from "./process-identity.ts";

interface KnownProcess {
  readonly pid: number;
  readonly identity: string | undefined;
}

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
  const self = identify(process.pid);
  let writes: Promise<void> = Promise.resolve();

  await writeFile(temporary, toJson({ supervisor: self, parts: {} }));
  try {
    for (;;) {
      // A link appears at once with all its content, and fails where the file exists.
      const isTaken = await link(temporary, path).then(
        () => false,
        (error: NodeJS.ErrnoException) => {
          if (error.code === "EEXIST") return true;
          throw error;
        },
      );
      if (!isTaken) break;
      await removeStaleList(path, dataDir, say);
    }
  } finally {
    await rm(temporary, { force: true });
  }

  return {
    record({ watchdogPid, parts }) {
      const list: PidList = {
        supervisor: self,
        ...(watchdogPid === undefined ? {} : { watchdog: identify(watchdogPid) }),
        parts: Object.fromEntries([...parts].map(([name, pid]) => [name, identify(pid)])),
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

async function removeStaleList(
  path: string,
  dataDir: string,
  say: (line: string) => void,
): Promise<void> {
  const content = await readFile(path, "utf8").catch(() => undefined);
  if (content === undefined) return;
  const list = parseList(content);
  if (list && runs(list.supervisor))
    throw new Error(
      `Cannot start: ${dataDir} is in use by another npm start (pid ${list.supervisor.pid}): stop that one, or set DATA_DIR and PORT to others`,
    );
  if (list) await endLeftovers(list, say);
  // Another start may have judged the same list and replaced it meanwhile: take away only this one.
  const aside = `${path}.stale.${process.pid}`;
  const isMoved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!isMoved) return;
  if ((await readFile(aside, "utf8")) !== content) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

async function endLeftovers(list: PidList, say: (line: string) => void): Promise<void> {
  const deadline = Date.now() + WATCHDOG_TIMEOUT_MS;
  while (list.watchdog && runs(list.watchdog) && Date.now() < deadline) await delay(50);
  for (const [name, part] of Object.entries(list.parts)) {
    if (!runs(part)) continue;
    say(`ending ${name} (pid ${part.pid}), left over from an earlier start`);
    signalGroup(part.pid, "SIGTERM");
    if (!(await waitForGroupEnd(part.pid, 5_000))) signalGroup(part.pid, "SIGKILL");
    await waitForGroupEnd(part.pid, 1_000);
  }
}

function identify(pid: number): KnownProcess {
  return { pid, identity: processIdentity(pid) };
}

function runs({ pid, identity }: KnownProcess): boolean {
  return identity !== undefined && processIdentity(pid) === identity;
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
