import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFreePort } from "../../local/free-port.ts";
import { poll } from "./poll.ts";
import { makeTempDir } from "./temp-dir.ts";
import { copyTimescaleTemplate } from "./timescale-template.ts";

/** The content of DATA_DIR/local.json. */
export interface StackDescription {
  readonly edge_url: string;
  readonly worker_url: string;
  readonly write_key: string;
  readonly read_key: string;
  readonly admin_key: string;
  /** Empty where events are kept in no server. */
  readonly database_url: string;
  readonly nats_url: string;
  readonly redis_url: string;
  readonly parts: Readonly<Record<string, { readonly pid: number; readonly log: string }>>;
}

export interface StackService extends StackDescription {
  readonly dataDir: string;
  /** The supervisor's pid. */
  readonly pid: number;
  /** What npm start has printed so far. */
  output(): string;
  /** local.json as it is now: pids change when parts are restarted. */
  describe(): Promise<StackDescription>;
  /** kill -9 to one part; resolves when its successor runs (not: is ready). */
  killPart(name: string): Promise<void>;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 180_000;
/**
 * For tests that count duplicates, which an edge that waits no longer for Redis takes for new: a stack that shares the processors with
 * others is late more often than one in life.
 */
export const PATIENT = { REDIS_TIMEOUT_MS: "5000" };

/** `npm start` on free ports and a data directory of its own. It ends with this process. */
export async function startStack({
  env = {},
  args = [],
}: {
  env?: Record<string, string>;
  args?: readonly string[];
} = {}): Promise<StackService> {
  const tempDir = await makeTempDir("stack");
  if (env.DATA_DIR === undefined && !args.includes("--store")) {
    await copyTimescaleTemplate(tempDir.path);
  }
  const script = fileURLToPath(new URL("../../local/start.ts", import.meta.url));
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", script, ...args],
    {
      // The channel is how npm start notices that its parent is gone.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: {
        ...process.env,
        PORT: String(await findFreePort()),
        DATA_DIR: tempDir.path,
        ...env,
      },
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (text: string) => {
      output += text;
    });
  }
  const dataDir = env.DATA_DIR ?? tempDir.path;
  const describe = async (): Promise<StackDescription> =>
    ({
      database_url: "",
      ...JSON.parse(await readFile(join(dataDir, "local.json"), "utf8")),
    }) as StackDescription;
  const stop = async (): Promise<void> => {
    await endChild(child);
    await tempDir.remove();
  };

  try {
    await poll(
      "a ready stack",
      // A description alone may be of another stack, which runs on the same data.
      async () => hasEnded(child) || (output.includes("Sluice is ready") && (await describe())),
      READY_TIMEOUT_MS,
    );
    if (hasEnded(child)) throw new Error("npm start ended");
  } catch (error) {
    await stop();
    throw new Error(`Cannot start the stack:\n${output}`, { cause: error });
  }
  return {
    ...(await describe()),
    dataDir,
    pid: child.pid ?? 0,
    output: () => output,
    describe,
    stop,
    async killPart(name) {
      const pid = (await describe()).parts[name]?.pid;
      if (pid === undefined) throw new Error(`Cannot kill ${name}: no such part`);
      process.kill(pid, "SIGKILL");
      await poll(`a new ${name}`, async () => {
        const now = (await describe()).parts[name]?.pid;
        return now !== undefined && now !== pid;
      });
    },
  };
}

/** Freezes a part: unlike one that was killed it still takes connections, and nobody starts it again. */
export async function whileStopped<T>(
  stack: StackService,
  part: string,
  work: () => Promise<T>,
): Promise<T> {
  const pid = (await stack.describe()).parts[part]?.pid;
  if (pid === undefined) throw new Error(`Cannot stop ${part}: no such part`);
  process.kill(pid, "SIGSTOP");
  try {
    return await work();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

/** Kills a part, and keeps the supervisor from starting it again meanwhile: its ports refuse connections. */
export async function whileGone<T>(
  stack: StackService,
  part: string,
  work: () => Promise<T>,
): Promise<T> {
  const pid = (await stack.describe()).parts[part]?.pid;
  if (pid === undefined) throw new Error(`Cannot end ${part}: no such part`);
  process.kill(stack.pid, "SIGSTOP");
  try {
    // A part leads a process group of its own.
    process.kill(-pid, "SIGKILL");
    return await work();
  } finally {
    process.kill(stack.pid, "SIGCONT");
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function endChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
