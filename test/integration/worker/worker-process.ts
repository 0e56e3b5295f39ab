import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { findFreePort } from "../../../local/free-port.ts";
import type { NatsService } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";

const MAIN = fileURLToPath(new URL("../../../worker/main.ts", import.meta.url));

export type LogLine = { readonly msg: string } & Readonly<Record<string, unknown>>;

export type WorkerProcess = {
  readonly pid: number;
  readonly url: string;
  readonly logs: readonly LogLine[];
  readonly hasExited: boolean;
  waitUntilReady(): Promise<void>;
  /** Sends the signal and answers the exit code, or the signal's name when that ended it. */
  end(signal: NodeJS.Signals): Promise<number | string>;
  /** Waits for the process to end by itself. */
  ended(): Promise<number | string>;
};

const running = new Set<ChildProcess>();

/** Runs worker/main.ts as users do. {@link killWorkers} ends what a failed test leaves behind. */
export async function startWorker(
  services: { readonly databaseUrl: string; readonly nats: Pick<NatsService, "url" | "worker"> },
  settings: Readonly<Record<string, string>> = {},
): Promise<WorkerProcess> {
  const port = await findFreePort();
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: services.databaseUrl,
      NATS_URL: services.nats.url,
      NATS_USER: services.nats.worker.user,
      NATS_PASSWORD: services.nats.worker.password,
      WORKER_PORT: String(port),
      ACK_WAIT_MS: "3000",
      STREAM_MAX_BYTES: String(256 * 1024 * 1024),
      ...settings,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.add(child);
  const logs: LogLine[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => logs.push(JSON.parse(line)));
  const exit = once(child, "exit").then(([code, signal]): number | string => {
    running.delete(child);
    return code ?? signal;
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    pid: child.pid ?? 0,
    url,
    logs,
    get hasExited() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    async waitUntilReady() {
      await poll("the worker ready", async () => (await fetch(`${url}/readyz`)).ok);
    },
    end(signal) {
      child.kill(signal);
      return exit;
    },
    ended: () => exit,
  };
}

export async function killWorkers(): Promise<void> {
  for (const child of running) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}
