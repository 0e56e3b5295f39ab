import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the range that Linux (32768) and macOS (49152) give to outgoing connections: a port from
 * that range may be taken by one while the part that owns it restarts.
 */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;

/** A port of 127.0.0.1 on which nothing listens, and that is not in `taken`. */
export async function findFreePort(taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (!taken.has(port) && (await isPortFree(port))) return port;
  }
  throw new Error("Cannot find a free port on 127.0.0.1: 200 attempts failed");
}

export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}
