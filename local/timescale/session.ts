// One client of the embedded database, from its first byte to its last. Many clients share one backend, so a session
//   waiting   stands in line for the backend with a batch of messages,
//   owning    keeps it from its first message until ReadyForQuery says idle, that is through Flush and through a transaction,
//   idle      has given it back.
// Kept apart: named prepared statements (renamed per session), settings and role (exchanged with the turn), transactions.
// Not kept apart, for the backend has only one of each: session-level advisory locks do not exclude other sessions; temporary
// tables, LISTEN and SQL-level PREPARE are visible to all; DISCARD ALL and DEALLOCATE ALL drop the statements of all; the unnamed
// statement does not outlive the Sync after its Parse once another session runs.
import type { Socket } from "node:net";
import {
  errorResponse,
  greeting,
  MESSAGE,
  MessageReader,
  ProtocolViolation,
  query,
  STATUS,
  SYNC,
} from "./postgres-wire.ts";
import { refuseCopy } from "./refuse-copy.ts";
import type { Answer, Settings, SingleBackend } from "./single-backend.ts";
import { readStartupSettings } from "./startup-settings.ts";
import { createStatementNames, endOfName, type StatementNames } from "./statement-names.ts";

interface SessionOptions {
  id: number;
  serverParameters: Record<string, string>;
  /** An owner that says nothing for this long while others wait is disconnected. */
  ownerIdleTimeoutMs: number;
  /** Whether another open session has made temporary tables, asked when this one ends. */
  temporaryTableUsers: Set<number>;
}

/** Serves the client until it leaves; what it left open is rolled back and closed by then. Never rejects. */
export async function runSession(
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

/** Says a last word to a client; one that does not take it is cut off all the same. */
export function dismiss(socket: Socket, goodbye: Buffer): void {
  socket.write(goodbye);
  socket.destroySoon();
  setTimeout(() => socket.destroy(), 500).unref();
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
  #statements: StatementNames;

  constructor(socket: Socket, backend: SingleBackend, options: SessionOptions) {
    this.#socket = socket;
    this.#backend = backend;
    this.#options = options;
    this.#statements = createStatementNames(`session_${options.id}`);
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
    const statements = this.#statements.closeAll();
    if (statements.length > 0) left.push(Buffer.concat([...statements, SYNC]));
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
        return this.#add(
          ...this.#statements.rename(this.#checkText(bytes, endOfName(bytes, 5)), 5),
        );
      case MESSAGE.bind:
        return this.#add(...this.#statements.rename(bytes, endOfName(bytes, 5)));
      case MESSAGE.describe:
      case MESSAGE.close:
        if (bytes[5] === 0x53) return this.#add(...this.#statements.rename(bytes, 6));
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

  /** Looks into the SQL text of a Query or Parse, and notes what the end of the session has to undo. */
  #checkText(bytes: Buffer, start: number): Buffer {
    const text = bytes.toString("latin1", start);
    if (/\bset_config\b/i.test(text)) this.#callsSetConfig = true;
    if (/\bpg_(try_)?advisory_lock/i.test(text)) this.#usesAdvisoryLocks = true;
    if (/\btemp(orary)?\b/i.test(text)) this.#options.temporaryTableUsers.add(this.#options.id);
    return refuseCopy(bytes, start, text);
  }
}
