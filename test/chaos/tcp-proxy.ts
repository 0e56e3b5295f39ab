import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * - *pass*: bytes go through.
 * - *delay*: each byte arrives `delayMs` later, in both directions.
 * - *cut*: connections are reset, new ones too.
 * - *swallow*: what is sent arrives, what is answered does not; such a connection is reset when the mode ends.
 */
export type ProxyMode =
  | { readonly kind: "pass" | "cut" | "swallow" }
  | { readonly kind: "delay"; readonly delayMs: number };

export interface TcpProxy {
  readonly port: number;
  setMode(mode: ProxyMode): void;
  close(): Promise<void>;
}

type Connection = { readonly client: Socket; readonly server: Socket; hasSwallowed: boolean };

/** Carries connections on a free port of 127.0.0.1 to another one, badly if told so. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const connections = new Set<Connection>();
  let mode: ProxyMode = { kind: "pass" };

  // Each side may end its half while the other still sends.
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    if (mode.kind === "cut") return void client.resetAndDestroy();
    const server = connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true });
    const connection: Connection = { client, server, hasSwallowed: false };
    connections.add(connection);
    const end = () => {
      connections.delete(connection);
      client.resetAndDestroy();
      server.resetAndDestroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", end);
      socket.on("close", () => {
        if (client.destroyed && server.destroyed) connections.delete(connection);
      });
    }
    const delayMs = () => (mode.kind === "delay" ? mode.delayMs : 0);
    carry(client, server, delayMs);
    carry(server, client, delayMs, () => {
      if (mode.kind === "swallow") connection.hasSwallowed = true;
      return connection.hasSwallowed;
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");

  const reset = (isAffected: (connection: Connection) => boolean) => {
    for (const connection of [...connections]) {
      if (!isAffected(connection)) continue;
      connection.client.resetAndDestroy();
      connection.server.resetAndDestroy();
    }
  };
  return {
    port: (listener.address() as AddressInfo).port,
    setMode(next) {
      mode = next;
      if (mode.kind === "cut") reset(() => true);
      // Bytes are missing from it: nothing that comes now could be understood.
      else if (mode.kind !== "swallow") reset(({ hasSwallowed }) => hasSwallowed);
    },
    async close() {
      listener.close();
      reset(() => true);
      await once(listener, "close");
    },
  };
}

/** What may wait on its way before the sender is held up. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Moves bytes in order, each when it is due; those that came under a longer delay hold up the ones behind them. */
function carry(
  from: Socket,
  to: Socket,
  delayMs: () => number,
  isSwallowed: () => boolean = () => false,
): void {
  const waiting: { readonly bytes: Buffer | undefined; readonly dueMs: number }[] = [];
  let waitingBytes = 0;
  let timer: NodeJS.Timeout | undefined;

  from.on("data", (bytes) => add(bytes));
  from.on("end", () => add(undefined));
  to.on("drain", resumeIfRoom);

  function add(bytes: Buffer | undefined): void {
    waiting.push({ bytes, dueMs: performance.now() + delayMs() });
    waitingBytes += bytes?.length ?? 0;
    if (waitingBytes > MAX_WAITING_BYTES) from.pause();
    if (waiting.length === 1) flush();
  }

  function schedule(): NodeJS.Timeout | undefined {
    const [first] = waiting;
    if (first === undefined) return undefined;
    return setTimeout(flush, Math.max(0, first.dueMs - performance.now()));
  }

  function flush(): void {
    clearTimeout(timer);
    while (waiting[0] !== undefined && waiting[0].dueMs <= performance.now()) {
      const { bytes } = waiting.shift() as (typeof waiting)[number];
      waitingBytes -= bytes?.length ?? 0;
      if (isSwallowed()) continue;
      if (bytes === undefined) to.end();
      else if (!to.destroyed && !to.write(bytes)) from.pause();
    }
    timer = schedule();
    resumeIfRoom();
  }

  function resumeIfRoom(): void {
    if (!to.writableNeedDrain && waitingBytes <= MAX_WAITING_BYTES) from.resume();
  }
}
