import { redact } from "../contract/redact.ts";

/** One of the stack's own servers on 127.0.0.1. */
export interface LoopbackServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Runs a server as a process of its own: says when it is ready, and closes it on SIGTERM or SIGINT. */
export async function runServerProcess(
  name: string,
  start: () => Promise<LoopbackServer>,
): Promise<void> {
  let server: LoopbackServer;
  try {
    server = await start();
  } catch (error) {
    log("error", `${name} did not start`, { cause: String(error) });
    process.exit(1);
  }
  log("info", `${name} ready`, { url: server.url, port: server.port });
  let isClosing = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, async () => {
      if (isClosing) return;
      isClosing = true;
      try {
        await server.close();
        process.exit(0);
      } catch (error) {
        log("error", `${name} did not close`, { cause: String(error) });
        process.exit(1);
      }
    });
  }
}

export function log(level: "info" | "error", msg: string, fields: Record<string, unknown>): void {
  const line = { level, time: new Date().toISOString(), msg, ...fields };
  process.stdout.write(`${redact(JSON.stringify(line))}\n`);
}
