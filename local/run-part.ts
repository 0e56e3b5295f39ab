import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { redact } from "../contract/redact.ts";
import type { Part } from "./part.ts";
import { signalGroup, waitForGroupEnd } from "./process-group.ts";
import type { Watchdog } from "./watchdog.ts";

export interface RunningPart {
  readonly pid: number;
  readonly logPath: string;
  /** Resolves to a description of the end, once nothing of the part is left. */
  readonly ended: Promise<string>;
  /** @throws when the part ends, or is not ready in time */
  waitUntilReady(signal: AbortSignal): Promise<void>;
  /** Its stop signal, and SIGKILL when that does not help in time. */
  stop(): Promise<void>;
  /** SIGKILL to the part and all it started. */
  kill(): void;
}

const PROBE_INTERVAL_MS = 100;
const MAX_LOG_BYTES = 10 * 1024 * 1024;

/** Starts a part once, with its output in `logDir`. */
export async function runPart(
  part: Part,
  logDir: string,
  watchdog: Watchdog,
): Promise<RunningPart> {
  const logPath = join(logDir, `${part.name}.log`);
  const log = openLog(logDir, logPath);
  const child = spawn(part.command, part.args, {
    // The files are its own: the part keeps running and logging whatever becomes of us.
    stdio: ["ignore", log, log],
    env: { ...process.env, ...part.env },
    detached: true,
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) {
    const error = await new Promise<Error>((resolve) => child.once("error", resolve));
    throw new Error(`Cannot start ${part.name}: ${error.message}`, { cause: error });
  }
  watchdog.watch(pid);
  const ended = new Promise<string>((resolve) => {
    child.once("exit", async (code, signal) => {
      signalGroup(pid, "SIGKILL");
      await waitForGroupEnd(pid, 1_000);
      watchdog.forget(pid);
      resolve(signal ? `ended by ${signal}` : `ended with code ${code}`);
    });
  });
  const kill = (): void => signalGroup(pid, "SIGKILL");

  return {
    pid,
    logPath,
    ended,
    kill,
    async waitUntilReady(signal) {
      const over = new AbortController();
      const until = AbortSignal.any([signal, over.signal]);
      const timeout = setTimeout(() => over.abort(), part.readyTimeoutMs);
      let end: string | undefined;
      void ended.then((description) => {
        end = description;
        over.abort();
      });
      try {
        while (!(await probe(part, until))) {
          if (end !== undefined) throw failure(part, end, logPath);
          if (signal.aborted) throw new Error(`Cannot wait for ${part.name}: stopped`);
          if (over.signal.aborted)
            throw failure(part, `not ready within ${part.readyTimeoutMs / 1000} s`, logPath);
          await delay(PROBE_INTERVAL_MS, undefined, { signal: until }).catch(() => {});
        }
      } finally {
        clearTimeout(timeout);
      }
    },
    async stop() {
      const timeout = setTimeout(kill, part.stopTimeoutMs);
      child.kill(part.stopSignal ?? "SIGTERM");
      await ended;
      clearTimeout(timeout);
    },
  };
}

async function probe(part: Part, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  return part.isReady(signal).catch(() => false);
}

function openLog(logDir: string, logPath: string): number {
  mkdirSync(logDir, { recursive: true });
  const size = statSync(logPath, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_LOG_BYTES) renameSync(logPath, `${logPath}.1`);
  return openSync(logPath, "a", 0o600);
}

/** A server that is not ours may log what our own parts would not, and this goes to the terminal, from where people paste it. */
function failure(part: Part, reason: string, logPath: string): Error {
  const lines = readFileSync(logPath, "utf8").trimEnd().split("\n").slice(-15).map(redact);
  return new Error(
    `Cannot start ${part.name}: ${reason}; the last lines of ${logPath}:\n${lines.map((line) => `  ${line}`).join("\n")}`,
  );
}
